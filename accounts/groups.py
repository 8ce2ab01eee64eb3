"""The groups of staff, each with all permissions over what it is named for; made anew after every migration."""

from typing import Any

from django.apps import AppConfig

# group → the app whose models it looks after
GROUPS = {"catalogue": "products", "orders": "orders", "analytics": "analytics"}


def grant(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Give the group of this app the permissions of its models (a receiver of post_migrate)."""
    from django.contrib.auth.models import Group, Permission

    for name, label in GROUPS.items():
        if label == sender.label:
            group, _ = Group.objects.using(using).get_or_create(name=name)
            group.permissions.add(*Permission.objects.using(using).filter(content_type__app_label=label))
