"""The jobs of what no app owns."""

import io
from typing import Any

import structlog
from django.core.management import CommandError, call_command

from celery_app import app
from markrin import cache
from markrin.outbox import handlers as outbox

log = structlog.get_logger(__name__)

KEPT_LINES = 100  # of what `verify` said


@outbox.handler(
    "cache.drop", queue="inventory", effect="outside", time_limit_s=10, max_attempts=11
)
def drop(*, tags: list[str], **later: Any) -> None:
    """Drop answers whose writer may have died before it could; dropping twice costs a
    rendering, no more.
    """
    if not cache.drop(set(tags)):
        raise outbox.Unreachable("the cache server does not answer")


@app.task(name="verify", time_limit=3 * 3600, ignore_result=False)
def verify() -> dict[str, Any]:
    """Prove every rule of the data, as `manage.py verify` does; what is wrong is an error
    in the log, and the result.

    Staff read the result in the admin, under Task results.
    """
    said = io.StringIO()
    wrong = None
    try:
        call_command("verify", stdout=said, stderr=io.StringIO())
    except CommandError as exc:
        wrong = str(exc)
    lines = said.getvalue().splitlines()[:KEPT_LINES]
    if wrong is not None:
        log.error("verify_found", summary=wrong, first=lines[0] if lines else "")
    return {"wrong": wrong, "lines": lines}
