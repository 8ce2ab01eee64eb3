"""Runs an import from the file to the last batch."""

import csv
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from markrin.csv_safety import escape_formula
from markrin.db import advisory_locks
from products import csv_reader
from products.importing import validation
from products.importing.batch_writer import BatchWriter, Outcome, ProductChange
from products.importing.drafts import (
    Draft,
    DraftRefused,
    FileFormat,
    Rejection,
    group_lines,
)

BATCH = 500  # products a transaction
MAX_CHANGES = 10_000
MAX_REJECTIONS = 500


@dataclass
class Report:
    """What an import did. `reasons` counts rejected products by column and code of their
    first problem.
    """

    products: int = 0
    variants: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    seconds: float = 0.0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    categories: list[tuple[str, ...]] = field(default_factory=list)
    changes: list[ProductChange] = field(default_factory=list)
    """The first MAX_CHANGES products that were made or changed."""
    rejections: list[Rejection] = field(default_factory=list)
    """The first MAX_SHOWN reasons why products were left out."""


Reject = Callable[[Rejection], None]


def import_all_or_nothing(
    content: bytes, format_: FileFormat, *, dry_run: bool = False
) -> Report:
    """Import a file of at most a few thousand lines in one transaction: all of it or, if a
    product is refused, nothing.

    Locks: the products that change, in key order by batch, until the end.

    Raises:
        reading.FileRefused: as `run`.
    """
    with tempfile.NamedTemporaryFile(prefix="catalogue-") as kept:
        kept.write(content)
        kept.flush()
        with transaction.atomic():
            report = import_file(Path(kept.name), format_, dry_run=dry_run)
            if report.rejected:
                transaction.set_rollback(True)
    return report


def import_file(
    path: Path,
    format_: FileFormat,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    batch: int = BATCH,
    delimiter: str = ",",
    progress: Callable[[int, Report], None] = lambda _bytes, _report: None,
) -> Report:
    """Import the products of a CSV file; those that cannot be taken are left out whole, and
    listed in `rejects`.

    A product is known by the format's source and its own reference there, so that a second
    run changes nothing, and a run that was interrupted goes on when it is started again.
    Each batch of products is one transaction. Memory does not grow with the file, but for a
    reference per product.

    Raises:
        reading.FileRefused: the file is not such a file, or its import is running already.
    """
    started, report = time.monotonic(), Report()
    with (
        csv_reader.open_table(path, delimiter=delimiter) as table,
        _lock_source(format_.source),
        _open_reject_report(rejects) as reject,
    ):
        format_.check(table.header)
        writer = BatchWriter(
            format_.source, dry_run=dry_run, is_export=format_.is_export
        )
        lines = map(format_.line, table.lines(lambda done: progress(done, report)))
        with closing(
            _read_ahead(_read_batches(group_lines(lines, format_.key), format_, batch))
        ) as batches_:
            for each in batches_:
                report.products += each.products
                report.variants += sum(
                    len(draft.data["variants"]) for draft in each.valid
                )
                _report_rejections(report, each.rejected, reject)
                _count_outcome(report, writer.write(each.valid), reject)
        report.categories = writer.categories.made
    report.seconds = time.monotonic() - started
    return report


@dataclass
class _Batch:
    """Some products of the file: those that are valid, and why the others are not."""

    products: int = 0
    valid: list[Draft] = field(default_factory=list)
    rejected: list[list[Rejection]] = field(default_factory=list)


def _read_batches(
    groups: Iterator[tuple[str, list[csv_reader.Line], Rejection | None]],
    format_: FileFormat,
    size: int,
) -> Iterator[_Batch]:
    """Yield the file's products, so many valid ones at a time."""
    batch = _Batch()
    for ref, lines, problem in groups:
        batch.products += 1
        found: list[Rejection] = [problem] if problem else []
        if not problem:
            try:
                draft = format_.draft(ref, lines)
                found = validation.validate_draft(draft)
            except DraftRefused as exc:
                found = list(exc.rejections)
            else:
                if not found:
                    batch.valid.append(draft)
        if found:
            batch.rejected.append(found)
        if len(batch.valid) >= size:
            yield batch
            batch = _Batch()
    yield batch


def _read_ahead(batches_: Iterator[_Batch]) -> Generator[_Batch, None, None]:
    """Yield the batches, each read in a thread while PostgreSQL is busy with the one before it."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches_, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches_, None)
            yield batch


def _count_outcome(report: Report, outcome: Outcome, reject: Reject) -> None:
    report.created += outcome.created
    report.updated += outcome.updated
    report.unchanged += outcome.unchanged
    report.changes += outcome.changes[: MAX_CHANGES - len(report.changes)]
    _report_rejections(
        report, [[rejection] for rejection in outcome.rejections], reject
    )


def _report_rejections(
    report: Report, rejected: list[list[Rejection]], reject: Reject
) -> None:
    for found in rejected:
        report.rejected += 1
        report.reasons[found[0].column, found[0].code] += 1
        for rejection in found:
            reject(rejection)
        report.rejections += found[: MAX_REJECTIONS - len(report.rejections)]


@contextmanager
def _open_reject_report(path: Path | None) -> Iterator[Reject]:
    """Give what writes a line of the reject report."""
    if path is None:
        yield lambda rejection: None
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as exc:
        raise csv_reader.FileRefused(f"{path}: {exc.strerror}") from exc
    with file:
        report = csv.writer(file)
        report.writerow(["line", "product", "column", "reason", "message"])

        def write(each: Rejection) -> None:
            report.writerow(
                [
                    each.line,
                    escape_formula(each.ref),
                    each.column,
                    each.code,
                    each.message,
                ]
            )

        yield write


@contextmanager
def _lock_source(source: str) -> Iterator[None]:
    with advisory_locks.advisory_lock(f"import:{source}") as mine:
        if not mine:
            raise csv_reader.FileRefused(f"an import of {source!r} is running already")
        yield
