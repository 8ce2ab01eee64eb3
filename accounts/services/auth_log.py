"""The log of signing in."""

from __future__ import annotations

from uuid import UUID

from accounts.client_info import ClientInfo
from accounts.models import AuthEvent


def log_auth_event(
    type_: str,
    outcome: str,
    *,
    client: ClientInfo,
    user_id: UUID | None = None,
    sid: UUID | None = None,
    **details: object,
) -> None:
    """Write one row. `details` is kept as JSON.

    Never pass a password, a token or a mail address.
    """
    AuthEvent.objects.create(
        type=type_,
        outcome=outcome,
        user_id=user_id,
        sid=sid,
        ip=client.ip,
        user_agent=client.user_agent,
        request_id=client.request_id,
        details=details,
    )
