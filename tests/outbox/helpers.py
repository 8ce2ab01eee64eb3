"""Run jobs inside a test, without a broker or a worker."""

from django.contrib.postgres.functions import TransactionNow

from markrin.outbox import handlers
from markrin.outbox.models import OutboxEvent, State


def drain(*, queue: str | None = None, rounds: int = 10) -> list[tuple[str, str]]:
    """Run the jobs that are due, oldest first, as workers would, and what they add, until
    none is due.

    Return each run as (task, outcome): done, retry, later, dead. A retry waits for its
    time, so it is not run again."""
    ran: list[tuple[str, str]] = []
    for _ in range(rounds):
        due = OutboxEvent.objects.filter(
            state=State.WAITING, run_after__lte=TransactionNow()
        ).order_by("id")
        rows = list(due.filter(queue=queue) if queue else due)
        outcomes = [
            (row.task, handlers.run_job(handlers.registry[row.task], row.pk))
            for row in rows
        ]
        now = [(task, outcome) for task, outcome in outcomes if outcome is not None]
        if not now:
            return ran
        ran += now
    raise AssertionError(f"jobs are still due after {rounds} rounds: {ran}")
