"""Nightly proof that the data keeps every rule."""

import io

import structlog
from django.core.management import CommandError, call_command

from celery_app import app

log = structlog.get_logger(__name__)

KEPT_LINES = 100  # of what `verify` said


@app.task(name="verify", time_limit=3 * 3600, ignore_result=False)
def verify() -> dict[str, object]:
    """Prove every rule of the data, as `manage.py verify` does; what is wrong is an error
    in the log, and the result.

    Staff read the result in the admin, under Task results.
    """
    output = io.StringIO()
    wrong = None
    try:
        call_command("verify", stdout=output, stderr=io.StringIO())
    except CommandError as exc:
        wrong = str(exc)
    lines = output.getvalue().splitlines()[:KEPT_LINES]
    if wrong is not None:
        log.error("verify_found", summary=wrong, first=lines[0] if lines else "")
    return {"wrong": wrong, "lines": lines}
