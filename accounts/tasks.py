"""Handlers of outbox rows, and what beat starts: each one call into the services."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.services import mails, purge
from celery_app import app
from markrin.outbox import handlers as outbox

# About a day of tries; a link that arrives later than that is no help to anybody.
MAIL: dict[str, Any] = {
    "queue": "email",
    "effect": "outside",
    "time_limit_s": 60,
    "max_attempts": 11,
}
LINK: dict[str, Any] = {**MAIL, "useless_after_s": 6 * 3600}


@outbox.handler("accounts.welcome_by_mail", **MAIL)
def welcome_by_mail(*, user_id: str, **later: object) -> outbox.Result:
    return mails.welcome_by_mail(user_id=UUID(user_id))


@outbox.handler("accounts.verify_by_mail", **LINK)
def verify_by_mail(
    *, user_id: str, asked_id: str, again: bool = False, **later: object
) -> outbox.Result:
    return mails.verify_by_mail(
        user_id=UUID(user_id), asked_id=UUID(asked_id), again=again
    )


@outbox.handler("accounts.confirm_new_email_by_mail", **LINK)
def confirm_new_email_by_mail(
    *, user_id: str, asked_id: str, **later: object
) -> outbox.Result:
    return mails.confirm_new_email_by_mail(
        user_id=UUID(user_id), asked_id=UUID(asked_id)
    )


@outbox.handler("accounts.warn_of_new_email_by_mail", **MAIL)
def warn_of_new_email_by_mail(
    *, user_id: str, asked_id: str, **later: object
) -> outbox.Result:
    return mails.warn_of_new_email_by_mail(
        user_id=UUID(user_id), asked_id=UUID(asked_id)
    )


@outbox.handler("accounts.reset_by_mail", **LINK)
def reset_by_mail(*, user_id: str, asked_id: str, **later: object) -> outbox.Result:
    return mails.reset_by_mail(user_id=UUID(user_id), asked_id=UUID(asked_id))


@outbox.handler("accounts.invite_by_mail", **MAIL)
def invite_by_mail(
    *, user_id: str, asked_id: str, **later: object
) -> outbox.Result:
    return mails.invite_by_mail(user_id=UUID(user_id), asked_id=UUID(asked_id))


@outbox.handler("accounts.report_reuse_by_mail", **MAIL)
def report_reuse_by_mail(
    *, user_id: str, session_id: str, **later: object
) -> outbox.Result:
    return mails.report_reuse_by_mail(
        user_id=UUID(user_id), session_id=UUID(session_id)
    )


@outbox.handler("accounts.report_new_device_by_mail", **MAIL)
def report_new_device_by_mail(
    *, user_id: str, session_id: str, **later: object
) -> outbox.Result:
    return mails.report_new_device_by_mail(
        user_id=UUID(user_id), session_id=UUID(session_id)
    )


@app.task(name="accounts.purge", time_limit=900)
def purge_expired() -> dict[str, int]:
    """Forget expired tokens and sessions long ended."""
    return purge.purge_expired(now=timezone.now())
