"""Error reports to Sentry, without personal data, from web, workers, beat and commands."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings

from markrin.api.errors import ShopError
from markrin.observe import redact

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_HEADERS = ("user-agent", "x-request-id")
# Where what a request sent could be told again. Elsewhere, as in the names of functions, a
# word it sent is chance.
_TELLING = (
    "message",
    "logentry",
    "breadcrumbs",
    "extra",
    "spans",
    "request",
    "contexts",
)
_KNOWN_TEXTS = (
    "event_id",
    "timestamp",
    "start_timestamp",
    "sdk",
    "modules",
    "release",
    "environment",
)


_expected: list[type[BaseException]] = [ShopError, KeyboardInterrupt]
_untraced_tasks: Container[str] = ()


def ignore_errors(
    *errors: type[BaseException], untraced_tasks: Container[str]
) -> None:
    """Report none of these errors, and trace no Celery task of these names."""
    global _untraced_tasks
    _expected.extend(errors)
    _untraced_tasks = untraced_tasks


def configure_sentry() -> None:
    """Start reporting, where SENTRY_DSN is set."""
    if not settings.SENTRY_DSN:
        return
    # Not above: who reports nothing need not wait for it (markrin/reporting.py).
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE or None,
        environment=settings.ENVIRONMENT,
        traces_sampler=_sample_rate,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        integrations=[
            DjangoIntegration(),
            CeleryIntegration(monitor_beat_tasks=False),
            LoggingIntegration(
                level=None, event_level=None
            ),  # what is worth reporting is reported by hand
        ],
        before_send=_without_personal_data,
        before_send_transaction=_without_personal_data,
    )


def _sample_rate(context: dict[str, Any]) -> float:
    """Return which share of such traces to send, from 0 to 1.

    A job is traced exactly if the request that asked for it was. A visitor's own
    `sentry-trace` header decides nothing, or anybody could have everything traced. The
    job message's Celery task is no work of its own, and probes are not worth a trace."""
    transaction = context["transaction_context"]
    if (
        transaction.get("op") == "queue.process"
        and context.get("parent_sampled") is not None
    ):
        return float(context["parent_sampled"])
    environ = context.get("wsgi_environ") or {}
    if environ.get("PATH_INFO", "").startswith(
        ("/health/", "/metrics")
    ) or _is_doorbell(context):
        return 0.0
    return float(settings.SENTRY_TRACES_SAMPLE_RATE)


def _is_doorbell(context: dict[str, Any]) -> bool:
    return (
        "celery_job" in context
        and context["celery_job"].get("task") in _untraced_tasks
    )


def _without_personal_data(event: Event, hint: Hint) -> Event | None:
    """Return the event without addresses, tokens and queries; None where it is an expected
    refusal or a retry.
    """
    error = (hint.get("exc_info") or (None, None))[1]
    if error is not None and _is_expected(error):
        return None
    clean = cast("dict[str, Any]", event)
    request = clean.get("request")
    if isinstance(request, dict):
        for part in ("data", "cookies", "env", "query_string"):
            request.pop(part, None)
        headers = request.get("headers") or {}
        request["headers"] = {
            name: headers[name] for name in headers if name.lower() in _HEADERS
        }
    extra = clean.get("extra")
    if isinstance(extra, dict) and "sys.argv" in extra:
        extra["sys.argv"] = list(extra["sys.argv"])[
            :2
        ]  # the program and the command; what follows may be anything
    for part in clean.keys() - set(_KNOWN_TEXTS):
        clean[part] = redact.redact_value(
            clean[part], -12
        )  # an exception's frames lie deep
    if (clean.get("transaction_info") or {}).get("source") == "url":
        clean["transaction"] = (
            "unknown path"  # no route of ours: it is a visitor's words
        )
    for part in clean.keys() & set(_TELLING):
        clean[part] = redact.without_sent(clean[part])
    for each in (clean.get("exception") or {}).get("values") or ():
        each["value"] = redact.without_sent(each.get("value"))
    return cast("Event", clean)


def _is_expected(error: BaseException) -> bool:
    return isinstance(error, tuple(_expected))
