"""Nobody acts on somebody who has more rights."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import Role, User
from markrin.api.errors import Forbidden


def refuse_more_rights(by: User, targets: Iterable[User]) -> None:
    """Return if `by` has every right that each of these users has.

    Raises:
        Forbidden: one of them is an admin, or in a group that `by` is not in.
    """
    if any(has_more_rights(target, than=by) for target in targets):
        raise Forbidden("This user has more rights than you.")


def has_more_rights(user: User, *, than: User) -> bool:
    """Return whether the user may do something that `than` may not. At most two queries."""
    if than.role == Role.ADMIN or user.role == Role.CUSTOMER or user.pk == than.pk:
        return False
    if user.role == Role.ADMIN or than.role == Role.CUSTOMER:
        return True
    groups, own_groups = (
        set(account.groups.values_list("name", flat=True))
        for account in (user, than)
    )
    return not groups <= own_groups
