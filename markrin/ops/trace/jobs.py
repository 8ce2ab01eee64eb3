"""The outbox's part of a trace: the rows that a request, an order or a mail led to, and how
their runs went.

Neither `trace` nor `payload` has an index, which every checkout would pay for: finding a
row walks the table, which is pruned nightly."""

from collections.abc import Iterator

from django.db.models import Q

from markrin.ops.trace.timeline import TimelineEntry, TraceSearch
from markrin.outbox.models import OutboxEvent, State


def find_jobs(clues: TraceSearch) -> None:
    """Add the jobs that the id names: by number, key, event or Message-ID, or as the
    request that asked for them.
    """
    given = clues.given
    named = Q(key=given) | Q(result__message_id=f"<{given.strip('<>')}>")
    if given.isdecimal() and len(given) < 19:
        named |= Q(pk=int(given))
    for row in OutboxEvent.objects.filter(named):
        clues.name(f"job {row.pk}, {row.key}")
        clues.jobs.add(row.pk)
        clues.payload |= _job_facts(row)
        clues.requests |= _request_ids(row)
    clues.jobs |= set(
        OutboxEvent.objects.filter(trace__request_id=given).values_list(
            "pk", flat=True
        )
    )


def follow_ids(clues: TraceSearch) -> None:
    """Add the jobs about what the apps have found meanwhile, and the requests that asked
    for them.
    """
    about = Q(pk__in=clues.jobs)
    for name, value in clues.payload:
        about |= Q(**{f"payload__{name}": value})
    for row in OutboxEvent.objects.filter(about).order_by("pk")[:1000]:
        clues.jobs.add(row.pk)
        clues.requests |= _request_ids(row)


def job_entries(clues: TraceSearch) -> Iterator[TimelineEntry]:
    """Yield when each job was written, when its last run began, and how it ended."""
    for row in OutboxEvent.objects.filter(pk__in=clues.jobs).order_by("pk"):
        request_id = row.trace.get("request_id", "")
        name = f"job {row.pk} {row.task}"
        yield TimelineEntry(
            row.created_at,
            "outbox",
            f"{name} written for {row.event}, queue {row.queue}",
            request_id,
        )
        if row.started_at is not None:
            lost = f", {row.lost} lost" if row.lost else ""
            tries = f"attempt {row.attempts} of {row.max_attempts}{lost}"
            yield TimelineEntry(
                row.started_at, "outbox", f"{name} begun, {tries}", request_id
            )
        if row.finished_at is not None:
            yield TimelineEntry(
                row.finished_at,
                "outbox",
                f"{name} {row.state}{_outcome_text(row)}",
                request_id,
            )
        elif row.state == State.WAITING:
            after = f", failed before: {row.error}" if row.error else ""
            yield TimelineEntry(
                row.run_after,
                "outbox",
                f"{name} WAITING: not begun before this{after}",
                request_id,
            )
        elif row.leased_until is not None:
            yield TimelineEntry(
                row.leased_until,
                "outbox",
                f"{name} RUNNING: its lease ends here",
                request_id,
            )


def _outcome_text(row: OutboxEvent) -> str:
    """Return what is written behind the job's state: why it is dead, or what its result says."""
    if row.state == State.DEAD:
        return f": {row.error}"
    result = row.result or {}
    values = ", ".join(
        f"{name} {value}"
        for name, value in result.items()
        if isinstance(value, str | int)
    )
    return f", {values}" if values else ""


def _job_facts(row: OutboxEvent) -> set[tuple[str, str]]:
    return {
        (name, value)
        for name, value in row.payload.items()
        if isinstance(value, str) and name.endswith("_id")
    }


def _request_ids(row: OutboxEvent) -> set[str]:
    return {row.trace["request_id"]} if row.trace.get("request_id") else set()
