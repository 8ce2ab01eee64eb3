"""Jobs that break down, by what their row says."""

from celery_app import app
from markrin.outbox import handlers


@handlers.handler(
    "test.break_down",
    queue="analytics",
    effect="outside",
    time_limit_s=20,
    max_attempts=3,
)
def break_down(*, how: str, said: str) -> None:
    match how:
        case "bug":
            raise LookupError(said)
        case "retry":
            raise handlers.Retry(said)
        case "final":
            raise handlers.Permanent(said)


@app.task(name="test.sweep")
def sweep() -> None:
    """What beat starts."""
    raise ArithmeticError("the sweep has broken down")
