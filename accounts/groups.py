"""The groups of staff and what each may do in the admin; made anew after every migration,
so no shop lacks them.
"""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS

_ALL = ("view", "add", "change", "delete")
_VIEW = ("view",)
# group → app → what it may do with the app's models. Whatever a service alone may write,
# the admin shows read-only.
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "catalogue": {"products": _ALL, "storefront": _ALL},
    "orders": {"orders": _ALL, "products": _VIEW, "accounts": _VIEW},
    "analytics": {"analytics": _VIEW, "orders": _VIEW, "products": _VIEW},
}


def grant_permissions(
    *, using: str = DEFAULT_DB_ALIAS, apps: Apps = installed, **_: Any
) -> None:
    """Make the groups, and give them the permissions they lack (a receiver of post_migrate).

    `analytics`, the last of the apps, connects it: by then the permissions of all are there.
    Nothing is taken away: a shop may grant more.
    """
    try:
        groups = apps.get_model("auth", "Group").objects.using(using)
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:
        return  # migrated back to before there were any
    for name, may in GROUPS.items():
        group, _made = groups.get_or_create(name=name)
        known = permissions.filter(content_type__app_label__in=may).select_related(
            "content_type"
        )
        allowed = [
            each
            for each in known
            if each.codename.split("_")[0] in may[each.content_type.app_label]
        ]
        group.permissions.add(*allowed)
