"""Sample data for the previews of the mails about accounts: an invented user, session, link."""

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.utils import timezone

from accounts.models import Session, User

_LINK = {"token": "an-example-that-opens-nothing"}


def _user_context(**more: object) -> dict[str, object]:
    return {
        "user": User(name="Asha", last_name="Rao", email="asha@example.com"),
        **more,
    }


def _session_context() -> dict[str, object]:
    now = timezone.now()
    return _user_context(
        session=Session(
            created_at=now,
            revoked_at=now,
            label="Firefox on Linux",
            ip="203.0.113.7",
        )
    )


SAMPLES: dict[str, Callable[[], dict[str, object]]] = {
    "accounts/welcome": partial(_user_context, **_LINK),
    "accounts/verify": partial(_user_context, **_LINK),
    "accounts/email_change": partial(_user_context, **_LINK),
    "accounts/email_change_notice": _user_context,
    "accounts/reset": partial(
        _user_context, minutes=settings.RESET_TOKEN_TTL_S // 60, **_LINK
    ),
    "accounts/invite": partial(_user_context, **_LINK),
    "accounts/reuse_detected": _session_context,
    "accounts/new_device": _session_context,
}
