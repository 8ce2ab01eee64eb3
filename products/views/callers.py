"""Who calls, where the permission has let only the signed-in through."""

from typing import cast
from uuid import UUID

from rest_framework.request import Request


def user_id(request: Request) -> UUID:
    """Return the signed-in caller's id."""
    return cast(UUID, request.user.pk)
