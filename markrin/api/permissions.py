"""Who may call an operation: `permission_classes` of a view, or `permissions` of an operation."""

from functools import cache
from typing import Any

from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request

__all__ = ["AllowAny", "InGroup", "IsAdmin", "IsAuthenticated", "IsStaff"]


class _Role(BasePermission):
    roles: tuple[str, ...] = ()

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the caller has one of the roles."""
        return request.user.is_authenticated and request.user.role in self.roles


class IsStaff(_Role):
    """Staff and admins."""

    roles = ("staff", "admin")


class IsAdmin(_Role):
    """Admins only."""

    roles = ("admin",)


@cache
def InGroup(group: str) -> type[BasePermission]:  # noqa: N802 (it stands where classes stand)
    """Return the permission of staff in the Django group `group`, and of every admin. Asks
    the database for staff.
    """

    class Member(IsStaff):
        __doc__ = f"Staff of the group {group}, and admins."

        def has_permission(self, request: Request, view: Any) -> bool:
            user = request.user
            if not super().has_permission(request, view) or not user.is_authenticated:
                return False
            return user.role == "admin" or user.groups.filter(name=group).exists()

    Member.__name__ = Member.__qualname__ = f"InGroup[{group}]"
    return Member
