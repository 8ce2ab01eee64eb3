"""Who may write the catalogue, and who calls."""

from typing import cast
from uuid import UUID

from rest_framework.request import Request


def get_user_id(request: Request) -> UUID:
    """Return the caller's id, where the permission has let only the signed-in through."""
    return cast(UUID, request.user.pk)
