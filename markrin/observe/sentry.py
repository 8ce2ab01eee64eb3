"""Errors to Sentry: what is our fault, from web, workers, beat and commands, without personal data."""

from typing import Any, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint

from markrin.observe import redact

# Parts of an event that hold what somebody sent or where they are.
_PARTS = ("request", "user", "extra", "contexts", "breadcrumbs", "exception", "logentry", "message", "tags")


def configure() -> None:
    """Start reporting, where SENTRY_DSN is set."""
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE or None,
        environment=settings.ENVIRONMENT,
        traces_sample_rate=settings.SENTRY_TRACES_SAMPLE_RATE,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        integrations=[
            DjangoIntegration(),
            CeleryIntegration(monitor_beat_tasks=False),
            LoggingIntegration(level=None, event_level=None),  # what is worth reporting is reported by hand
        ],
        before_send=_without_personal_data,
        before_send_transaction=_without_personal_data,
    )


def _without_personal_data(event: Event, hint: Hint) -> Event | None:
    """Return the event without addresses, tokens and queries; None where it is an expected refusal or a retry."""
    error = (hint.get("exc_info") or (None, None))[1]
    if error is not None and _is_expected(error):
        return None
    clean = cast("dict[str, Any]", event)
    request = clean.get("request")
    if isinstance(request, dict):
        for part in ("data", "cookies", "env", "query_string"):
            request.pop(part, None)
        headers = request.get("headers") or {}
        request["headers"] = {name: headers[name] for name in headers if name.lower() in ("user-agent", "x-request-id")}
    for part in _PARTS:
        if part in clean:
            clean[part] = redact.value(clean[part], -12)  # an exception's frames lie deep
    return cast(Event, clean)


def _is_expected(error: BaseException) -> bool:
    from markrin.errors import ShopError
    from markrin.outbox import handlers

    return isinstance(error, ShopError | handlers.Retry | handlers.Later | handlers.LeaseLost)
