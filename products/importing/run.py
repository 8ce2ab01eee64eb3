"""Runs an import from the file to the last batch."""

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from markrin import cache
from products.importing import batches, reading, schema
from products.importing.batches import Outcome, Writer
from products.importing.drafts import Draft, Format, Refused, Rejection, group
from products.services import search_words

BATCH = 500  # products a transaction


@dataclass
class Report:
    """What an import did. `reasons` counts rejected products by column and code of their first problem."""

    products: int = 0
    variants: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    seconds: float = 0.0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    categories: list[tuple[str, ...]] = field(default_factory=list)


Reject = Callable[[Rejection], None]


def run(
    path: Path,
    format_: Format,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    batch: int = BATCH,
    delimiter: str = ",",
    progress: Callable[[int, Report], None] = lambda _bytes, _report: None,
) -> Report:
    """Import the products of a CSV file; those that cannot be taken are left out whole, and listed in `rejects`.

    A product is known by the format's source and its own reference there, so that a second run changes nothing, and a
    run that was interrupted goes on when it is started again. Each batch of products is one transaction. Memory does
    not grow with the file, but for a reference per product.

    Raises:
        reading.FileRefused: the file is not such a file, or its import is running already.
    """
    started, report = time.monotonic(), Report()
    with reading.table(path, delimiter=delimiter) as table, _alone(format_.source), _listed(rejects) as reject:
        format_.check(table.header)
        writer = Writer(format_.source, dry_run=dry_run)
        lines = table.lines(lambda done: progress(done, report))
        for drafts in _batches(group(lines, format_.key), format_, batch, report, reject):
            _count(report, writer.write(drafts), reject)
        report.categories = writer.categories.made
    if (report.created or report.updated) and not dry_run:
        _finish()
    report.seconds = time.monotonic() - started
    return report


def _batches(
    groups: Iterator[tuple[str, list[reading.Line], Rejection | None]],
    format_: Format,
    size: int,
    report: Report,
    reject: Reject,
) -> Iterator[list[Draft]]:
    """Yield the drafts that are valid, so many at a time."""
    valid: list[Draft] = []
    for ref, lines, problem in groups:
        report.products += 1
        found: list[Rejection] = [problem] if problem else []
        if not problem:
            try:
                draft = format_.draft(ref, lines)
                found = schema.validate(draft)
            except Refused as exc:
                found = list(exc.rejections)
            else:
                if not found:
                    valid.append(draft)
                    report.variants += len(draft.data["variants"])
        if found:
            _reject(report, found, reject)
        if len(valid) >= size:
            yield valid
            valid = []
    if valid:
        yield valid


def _count(report: Report, outcome: Outcome, reject: Reject) -> None:
    report.created += outcome.created
    report.updated += outcome.updated
    report.unchanged += outcome.unchanged
    for rejection in outcome.rejections:
        _reject(report, [rejection], reject)


def _reject(report: Report, found: list[Rejection], reject: Reject) -> None:
    report.rejected += 1
    report.reasons[found[0].column, found[0].code] += 1
    for rejection in found:
        reject(rejection)


@contextmanager
def _listed(path: Path | None) -> Iterator[Reject]:
    """Give what writes a line of the reject report."""
    if path is None:
        yield lambda rejection: None
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as exc:
        raise reading.FileRefused(f"{path}: {exc.strerror}") from exc
    with file:
        report = csv.writer(file)
        report.writerow(["line", "product", "column", "reason", "message"])

        def write(each: Rejection) -> None:
            report.writerow([each.line, _plain(each.ref), each.column, each.code, each.message])

        yield write


def _plain(text: str) -> str:
    """Return text that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@contextmanager
def _alone(source: str) -> Iterator[None]:
    if not batches.lock(source):
        raise reading.FileRefused(f"an import of {source!r} is running already")
    try:
        yield
    finally:
        batches.unlock(source)


@transaction.atomic
def _finish() -> None:
    search_words.rebuild_search_words()
    cache.touch("products", "categories")
