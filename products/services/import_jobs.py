"""Imports that staff begin in the admin: a file of any size is taken in by parts, tried, looked at,
and imported by a job.

The job goes through the file a few hundred units a transaction, in which it also writes down how
far it has come and what the report says; so it may be killed, and goes on behind that. The file is
kept in the database until the import has ended: staff's processes may be anywhere, and nobody else
may read customers' addresses.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q, Sum
from django.db.models.functions import Length
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.outbox import services as outbox
from products import errors, events, hooks
from products.csv_reader import CsvShape, FileRefused
from products.importing import formats, importer
from products.importing.drafts import FileFormat
from products.importing.importer import ImportOptions
from products.importing.report import Report
from products.importing.row_files import RowReport
from products.importing.run import ImportRun, JobOptions, ReportLine
from products.models.import_job import (
    PRODUCT_KINDS,
    ImportJob,
    ImportKind,
    ImportLine,
    ImportPart,
    ImportState,
)
from products.services import pictures, review_import

PART_BYTES: Final = 2 * 1024 * 1024
KEEP_FILE: Final = timedelta(days=7)  # of an import that nobody has finished
KEEP_REPORT: Final = timedelta(days=30)
_REPORT_ROWS: Final = 1_000  # a statement


@dataclass(frozen=True, kw_only=True)
class NewImport:
    """An import that is to begin: what the file is, and how it is to be read."""

    kind: ImportKind
    mapping: str = ""
    options: JobOptions = field(default_factory=JobOptions)


@transactions.durable
def create_import(new: NewImport, *, actor_id: UUID) -> UUID:
    """Begin an import that waits for its file, and return its id.

    Raises:
        FileRefused: the mapping is none, or there is no such encoding; the text says why.
    """
    job = ImportJob(
        kind=new.kind, options=new.options, mapping=new.mapping, actor_id=actor_id
    )
    if job.kind in PRODUCT_KINDS:
        _make_format(job)
    job.save()
    return job.pk


@transactions.durable
def add_part(content: bytes, *, job_id: UUID, number: int) -> int:
    """Keep a part of the file, numbered from 0, and return how many bytes there are now. A part
    that is there is not taken again.

    Locks: the import.

    Raises:
        NotFound: there is no such import.
        ImportTooLate: it has its file already.
        ImportPartWrong: the parts before it are missing, or it is too large.
    """
    job = _lock(job_id, ImportState.UPLOADING)
    last = job.parts.aggregate(last=Max("number"))["last"]
    coming = 0 if last is None else last + 1
    if number > coming or not 0 < len(content) <= PART_BYTES:
        raise errors.ImportPartWrong
    if number == coming:
        ImportPart.objects.create(job=job, number=number, content=content)
    return count_bytes(job)


def count_bytes(job: ImportJob) -> int:
    """Return how many bytes of the file have come."""
    found = job.parts.aggregate(size=Sum(Length("content")))["size"]
    return int(found or 0)


@transactions.durable
def begin_preview(*, job_id: UUID, file_name: str, size: int) -> None:
    """Try the file, which has come whole: a job says what an import of it would do.

    Locks: the import.

    Raises:
        NotFound: there is no such import.
        ImportTooLate: it has its file already.
        ImportPartWrong: not as many bytes have come as the file has.
    """
    job = _lock(job_id, ImportState.UPLOADING)
    if size == 0 or count_bytes(job) != size:
        raise errors.ImportPartWrong
    job.file_name, job.size = " ".join(file_name.split())[:200].strip(), size
    _begin(job, ImportState.PREVIEWING)


@transactions.durable
def begin_import(*, job_id: UUID) -> None:
    """Import what was tried. Locks: the import.

    Raises:
        NotFound: there is no such import.
        ImportTooLate: it has not been tried yet, or is imported.
    """
    job = _lock(job_id, ImportState.PREVIEWED)
    job.report_lines.all().delete()
    _begin(job, ImportState.IMPORTING)


@transactions.durable
def discard_import(*, job_id: UUID) -> None:
    """Throw the file of an import away; what has been imported of it stays. Locks: the import.

    Raises:
        NotFound: there is no such import.
        ImportTooLate: it has ended.
    """
    job = _lock(
        job_id,
        ImportState.UPLOADING,
        ImportState.PREVIEWING,
        ImportState.PREVIEWED,
        ImportState.IMPORTING,
    )
    _end(job, ImportState.DISCARDED)


def _lock(job_id: UUID, *states: ImportState) -> ImportJob:
    job = ImportJob.objects.filter(pk=job_id).select_for_update(no_key=True).first()
    if job is None:
        raise NotFound
    if job.state not in states:
        raise errors.ImportTooLate
    return job


def _begin(job: ImportJob, state: ImportState) -> None:
    job.state, job.line = state, 0
    job.created = job.changed = job.unchanged = job.refused = 0
    job.kinds, job.new_categories = {}, []
    job.save()
    outbox.add(events.ImportStarted(import_id=job.pk))


def _end(job: ImportJob, state: ImportState, problem: str = "") -> None:
    job.state, job.problem = state, " ".join(problem.split())[:500].strip()
    if state != ImportState.PREVIEWED:
        job.finished_at = timezone.now()
        job.parts.all().delete()
    job.save()


def continue_import(*, job_id: UUID, budget_s: float) -> bool:
    """Go on with an import, or its preview, until it is done or the time is up; return whether it
    is done. One that was discarded is done.

    Raises:
        ImportRunning: another import of the same source is going on.
    """
    job = ImportJob.objects.filter(pk=job_id).first()
    if job is None or not job.is_at_work:
        return True
    run = _JobRun(job, until=time.monotonic() + budget_s)
    try:
        with _file_of(job) as path:
            if not job.lines:
                job.lines = _count_lines(path)
            _go_through(job, path, run)
    except importer.ImportRunning:
        raise
    except _Discarded:
        return True
    except FileRefused as exc:
        _finish(job, ImportState.REFUSED, problem=f"{str(exc).rstrip('.')}.")
        return True
    if run.paused:
        return False
    tried = job.state == ImportState.PREVIEWING
    _finish(job, ImportState.PREVIEWED if tried else ImportState.IMPORTED)
    return True


@transactions.durable
def _finish(job: ImportJob, state: ImportState, problem: str = "") -> None:
    found = (
        ImportJob.objects.filter(pk=job.pk).select_for_update(no_key=True).first()
    )
    if found is None or found.state != job.state:
        return
    _end(found, state, problem)
    if state == ImportState.IMPORTED and found.options.get("fetch_images"):
        pictures.queue_pictures()


class _Discarded(Exception):
    """Staff have thrown the file away while the job went through it."""


@contextmanager
def _file_of(job: ImportJob) -> Iterator[Path]:
    """Give the file, put together from its parts, one of them in memory at a time."""
    with tempfile.NamedTemporaryFile(prefix="import-") as kept:
        numbers = list(
            job.parts.order_by("number").values_list("number", flat=True)
        )
        for number in numbers:
            part = job.parts.filter(number=number).values_list("content", flat=True)
            kept.write(bytes(part.get()))
        kept.flush()
        yield Path(kept.name)


def _count_lines(path: Path) -> int:
    with path.open("rb") as raw:
        return 1 + sum(
            block.count(b"\n") for block in iter(lambda: raw.read(1 << 20), b"")
        )


def _make_format(job: ImportJob) -> FileFormat:
    options: JobOptions = job.options
    source, encoding = (
        options.get("source") or None,
        options.get("encoding") or None,
    )
    if job.kind == ImportKind.MAPPED:
        with tempfile.NamedTemporaryFile(prefix="mapping-", suffix=".toml") as kept:
            kept.write(job.mapping.encode())
            kept.flush()
            try:
                return formats.load_mapped(Path(kept.name), source, encoding)
            except FileRefused as exc:
                raise FileRefused(str(exc).replace(kept.name, "mapping")) from exc
    shape = CsvShape("", formats.check_encoding(encoding))
    category = options.get("category") or "Imported"
    return formats.make_format(job.kind, source, category, shape)


def _go_through(job: ImportJob, path: Path, run: "_JobRun") -> None:
    options: JobOptions = job.options
    dry_run = job.state == ImportState.PREVIEWING
    if job.kind in PRODUCT_KINDS:
        report = Report()
        run.counts = lambda: (
            *(report.created, report.updated, report.unchanged),
            report.rejected,
        )
        chosen = ImportOptions(
            dry_run=dry_run,
            strict=options.get("strict", False),
            theirs=options.get("theirs", False),
            partial=options.get("partial", False),
        )
        try:
            importer.import_file(
                path, _make_format(job), chosen, run=run, report=report
            )
        except FileRefused as exc:
            if isinstance(exc, importer.ImportRunning):
                raise
            raise FileRefused(str(exc).replace(str(path), "the file")) from exc
        run.keep_categories(report.categories)
        return
    rows = RowReport(tell=run.note_line)
    run.counts = lambda: (rows.created, rows.changed, rows.unchanged, rows.refused)
    if job.kind == ImportKind.REVIEWS:
        review_import.import_reviews(path, rows, dry_run=dry_run, run=run)
        return
    hooks.import_rows(
        kind=job.kind,
        path=path,
        report=rows,
        options=options,
        dry_run=dry_run,
        run=run,
    )


class _JobRun(ImportRun):
    """One run of an import's job: it writes down, in the transaction of each step, how far it is,
    the counts, and the report's lines.
    """

    def __init__(self, job: ImportJob, *, until: float) -> None:
        self.job, self._until = job, until
        self.after_line = job.line
        self.counts: Callable[[], tuple[int, int, int, int]] = lambda: (0, 0, 0, 0)
        self._before = (job.created, job.changed, job.unchanged, job.refused)
        self._lines: list[ReportLine] = []
        self._begun = False

    def should_pause(self) -> bool:
        """Return whether the time is up; at least one step is done in a run."""
        return self._begun and time.monotonic() >= self._until

    @contextmanager
    def keep_step(self, last_line: int) -> Iterator[None]:
        """Do the step and write it down, or neither. Locks: the import.

        Raises:
            _Discarded: staff have thrown the file away meanwhile.
        """
        self._begun = True
        with transaction.atomic():
            locked = ImportJob.objects.filter(pk=self.job.pk, state=self.job.state)
            if not locked.select_for_update(no_key=True).exists():
                raise _Discarded
            yield
            self.job.line = last_line
            counts = zip(self._before, self.counts(), strict=True)
            created, changed, unchanged, refused = (sum(pair) for pair in counts)
            self.job.created, self.job.changed = created, changed
            self.job.unchanged, self.job.refused = unchanged, refused
            self._write_lines()
            self.job.save()
        self._lines = []

    def note_line(self, line: ReportLine) -> None:
        """Keep a line of the report for the step that it is of."""
        self._lines.append(line)

    def keep_categories(self, paths: list[tuple[str, ...]]) -> None:
        """Remember which categories are new, the first 50 of them."""
        known = [*self.job.new_categories]
        known += [list(path) for path in paths if list(path) not in known]
        self.job.new_categories = known[:50]
        ImportJob.objects.filter(pk=self.job.pk, state=self.job.state).update(
            new_categories=self.job.new_categories
        )

    def _write_lines(self) -> None:
        kinds = Counter(self.job.kinds)
        kinds.update(line.kind for line in self._lines)
        self.job.kinds = dict(kinds)
        ImportLine.objects.bulk_create(
            (
                ImportLine(
                    job=self.job,
                    line=line.line,
                    ref=_clean(line.ref)[:200],
                    column=_clean(line.column)[:200],
                    kind=line.kind,
                    code=line.code[:80],
                    message=_clean(line.message)[:2000],
                )
                for line in self._lines
            ),
            batch_size=_REPORT_ROWS,
        )


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def delete_old_imports() -> int:
    """Delete reports of old imports, and the files of those that nobody has finished; return how
    many imports are gone.
    """
    now = timezone.now()
    open_ = Q(state__in=[ImportState.UPLOADING, ImportState.PREVIEWED])
    unfinished = ImportJob.objects.filter(open_, updated_at__lt=now - KEEP_FILE)
    old = ImportJob.objects.filter(finished_at__lt=now - KEEP_REPORT)
    gone = [
        *unfinished.values_list("pk", flat=True),
        *old.values_list("pk", flat=True),
    ]
    for job_id in gone:
        with transaction.atomic():
            ImportJob.objects.filter(pk=job_id).delete()
    return len(gone)


@transactions.requires_transaction
def forget_address(email: str) -> None:
    """Delete what reports of imports say of this e-mail address. Part of the caller's
    transaction.
    """
    named = Q(ref__icontains=email) | Q(message__icontains=email)
    ImportLine.objects.filter(named).delete()
