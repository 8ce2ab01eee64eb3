"""Who may call an operation: everybody, whoever is signed in, or whom the table of rights names.

A view says `AllowAny` or nothing, which is `IsAuthenticated`. What staff may call stands in
`markrin/rights.py`, by the operation's id, and is asked here."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.permissions import (
    SAFE_METHODS,
    AllowAny,
    BasePermission,
    IsAuthenticated,
)
from rest_framework.request import Request
from rest_framework.views import APIView

from markrin.api import errors
from markrin.rights import Right

__all__ = ["AllowAny", "IsAuthenticated", "MayCall"]


class MayCall(BasePermission):
    """Allows staff of the right's groups, and admins; with a second factor where the shop asks
    for one.
    """

    def __init__(self, right: Right) -> None:
        self.right = right

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller has the right. Asks the database for the groups of staff.

        Raises:
            errors.SecondFactorRequired: the session has none, or an old one for a sensitive call.
            errors.ReauthenticationRequired: where no factor is asked for, the password is old.
        """
        if not request.user.is_authenticated or not self._has_right(request.user):
            return False
        if is_machine(request.auth):
            return not self.right.sensitive
        require_factor(request.auth, sensitive=self.right.sensitive)
        return True

    def _has_right(self, user: Any) -> bool:
        if user.role == "admin":
            return True
        if user.role != "staff" or not self.right.groups:
            return False
        return bool(user.groups.filter(name__in=self.right.groups).exists())


def is_machine(auth: object) -> bool:
    """Return whether `request.auth` is a machine's key and no session of somebody's."""
    return bool(getattr(auth, "is_machine", False))


def refuse_machines(request: Request, *, is_public: bool) -> None:
    """Refuse a key where it has no business: it calls what staff may call, and reads what
    everybody may read.

    Raises:
        errors.Forbidden: it has none here.
    """
    if is_machine(request.auth) and not (
        is_public and request.method in SAFE_METHODS
    ):
        raise errors.Forbidden("A key is for the calls of staff.")


def require_factor(session: Any, *, sensitive: bool = False) -> None:
    """Return if the session's second factor is good enough; `session` is `request.auth`.

    Raises:
        errors.SecondFactorRequired, errors.ReauthenticationRequired: see MayCall.
    """
    if settings.ADMIN_SECOND_FACTOR:
        given_at: datetime | None = session.second_factor_at
        if given_at is None or (sensitive and _is_old(given_at)):
            raise errors.SecondFactorRequired
    elif sensitive and _is_old(session.authenticated_at):
        raise errors.ReauthenticationRequired


def _is_old(moment: datetime) -> bool:
    return timezone.now() - moment > timedelta(seconds=settings.REAUTHENTICATION_S)
