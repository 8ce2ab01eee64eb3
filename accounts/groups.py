"""The groups of staff, made from the table of rights after every migration: no shop lacks them."""

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS

from markrin import rights


def grant_permissions(
    *, using: str = DEFAULT_DB_ALIAS, apps: Apps = installed, **_: object
) -> None:
    """Make the groups, with the permissions in the admin that the table gives them.

    A receiver of post_migrate, connected by `analytics`: it is the last of the apps, and by
    then the permissions of all are there. These groups have what the table says and no more. A
    shop that wants to allow more makes a group of its own.
    """
    try:
        groups = apps.get_model("auth", "Group").objects.using(using)
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:
        return  # migrated back to before there were any
    known = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in permissions.select_related("content_type")
    }
    for name in rights.GROUPS:
        group, _made = groups.get_or_create(name=name)
        expected = [
            (app, f"{action}_{model}")
            for (app, model), actions in _split_models(
                rights.list_pages(name)
            ).items()
            for action in actions
        ]
        group.permissions.set([known[key] for key in expected if key in known])


def _split_models(pages: dict[str, set[str]]) -> dict[tuple[str, str], set[str]]:
    return {tuple(label.split(".")): actions for label, actions in pages.items()}  # type: ignore[misc]  # each has one dot
