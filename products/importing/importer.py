"""Runs an import from the file to the last batch."""

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from markrin.db import advisory_locks
from products import csv_reader
from products.importing import grouping, validation
from products.importing.batch_writer import BatchWriter, Outcome
from products.importing.drafts import (
    Draft,
    DraftRefused,
    FileFormat,
    Note,
    Rejection,
)
from products.importing.merging import MergeRules
from products.importing.report import Report, ReportWriter, open_report
from products.importing.run import ImportRun

BATCH = 500  # products a transaction


class ImportRunning(csv_reader.FileRefused):
    """Another import of the same source is going on; this one may begin behind it."""


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a file is imported.

    `strict`: what does not fit is refused, not trimmed. `theirs`: where both the file and staff
    have changed a field, the file wins. `partial`: variants that the file leaves out stay on sale.
    `rejects` and `report` are files to write.
    """

    dry_run: bool = False
    strict: bool = False
    theirs: bool = False
    partial: bool = False
    batch: int = BATCH
    rejects: Path | None = None
    report: Path | None = None


_DEFAULT = ImportOptions()


def import_all_or_nothing(
    content: bytes, format_: FileFormat, *, dry_run: bool = False
) -> Report:
    """Import a file of at most a few thousand lines in one transaction: all of it or, if a
    product is refused, nothing. What does not fit in the shop's own form is refused, in another's
    trimmed; the file's values count: a person has looked at them.

    Locks: the products that change, in key order by batch, until the end.

    Raises:
        FileRefused: as `import_file`.
    """
    options = ImportOptions(dry_run=dry_run, strict=format_.is_export, theirs=True)
    with tempfile.NamedTemporaryFile(prefix="catalogue-") as kept:
        kept.write(content)
        kept.flush()
        with transaction.atomic():
            report = import_file(Path(kept.name), format_, options)
            if report.rejected:
                transaction.set_rollback(True)
    return report


def import_file(
    path: Path,
    format_: FileFormat,
    options: ImportOptions = _DEFAULT,
    *,
    progress: Callable[[int, Report], None] = lambda _bytes, _report: None,
    run: ImportRun | None = None,
    report: Report | None = None,
) -> Report:
    """Import the products of a CSV file; those that cannot be taken are left out whole, and
    listed in `rejects`.

    A product is known by the format's source and its own reference there, so that a second
    run changes nothing, and a run that was interrupted goes on when it is started again.
    Each batch of products is one transaction. Memory does not grow with the file, but for a
    reference per product. `report` is where a run that pauses (`run`) counts into.

    Raises:
        FileRefused: the file is not such a file.
        ImportRunning: its import is running already.
    """
    started, report = time.monotonic(), report or Report()
    run = run or ImportRun()
    with csv_reader.open_table(path, format_.shape) as table:
        format_.check(table.header)
        together = grouping.survey(
            map(format_.line, table.lines(lambda _done: None)), format_
        )
    with (
        csv_reader.open_table(path, format_.shape) as table,
        _lock_source(format_.source),
        open_report(
            report,
            run.note_line,
            rejects=options.rejects,
            everything=options.report,
        ) as writes,
    ):
        if not run.after_line:
            writes.note(format_.file_notes())
        writer = BatchWriter(
            format_.source,
            dry_run=options.dry_run,
            is_export=format_.is_export,
            rules=MergeRules(theirs=options.theirs, partial=options.partial),
        )
        lines: Iterator[csv_reader.Line] = map(
            format_.line, table.lines(lambda done: progress(done, report))
        )
        if not together:
            lines = grouping.sort_lines(lines, format_.ref_of)
        groups = (
            group
            for group in grouping.group_lines(lines, format_)
            if group[1][0].number > run.after_line
        )
        with closing(
            _read_ahead(_read_batches(groups, format_, options))
        ) as batches_:
            for each in batches_:
                if run.should_pause():
                    run.paused = True
                    break
                with run.keep_step(each.last_line):
                    _write_batch(each, writer, report, writes)
        report.categories = writer.categories.made
    report.seconds = time.monotonic() - started
    return report


@dataclass
class _Batch:
    """Some products of the file: those that are valid, and why the others are not."""

    products: int = 0
    last_line: int = 0
    """Where the last of them begins."""
    valid: list[Draft] = field(default_factory=list)
    rejected: list[list[Rejection]] = field(default_factory=list)


def _read_batches(
    groups: Iterator[grouping.Group], format_: FileFormat, options: ImportOptions
) -> Iterator[_Batch]:
    """Yield the file's products, so many valid ones at a time."""
    batch = _Batch()
    for ref, lines, problem in groups:
        batch.products += 1
        batch.last_line = lines[0].number
        found: list[Rejection] = [problem] if problem else []
        if not problem:
            try:
                draft = format_.draft(ref, lines)
                found = validation.validate_draft(draft, strict=options.strict)
            except DraftRefused as exc:
                found = list(exc.rejections)
            else:
                if not found:
                    batch.valid.append(draft)
        if found:
            batch.rejected.append(found)
        if len(batch.valid) >= options.batch:
            yield batch
            batch = _Batch()
    if batch.products:
        yield batch


def _read_ahead(batches_: Iterator[_Batch]) -> Generator[_Batch, None, None]:
    """Yield the batches, each read in a thread while PostgreSQL is busy with the one before it."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches_, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches_, None)
            yield batch


def _write_batch(
    batch: _Batch, writer: BatchWriter, report: Report, writes: ReportWriter
) -> None:
    report.products += batch.products
    report.variants += sum(
        len(draft.product.given_variants) for draft in batch.valid
    )
    for found in batch.rejected:
        writes.reject(found)
    _count_outcome(report, writes, writer.write(batch.valid))


def _count_outcome(report: Report, writes: ReportWriter, outcome: Outcome) -> None:
    report.created += outcome.created
    report.updated += outcome.updated
    report.unchanged += outcome.unchanged
    writes.change(outcome.changes)
    notes: list[Note] = [note for draft in outcome.written for note in draft.notes]
    writes.note(notes)
    for rejection in outcome.rejections:
        writes.reject([rejection])


@contextmanager
def _lock_source(source: str) -> Iterator[None]:
    with advisory_locks.advisory_lock(f"import:{source}") as mine:
        if not mine:
            raise ImportRunning(f"an import of {source!r} is running already")
        yield
