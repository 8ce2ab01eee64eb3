"""System checks of what others may see, and of where the shop may call."""

from ipaddress import ip_network

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from celery_app import ON_EVENT
from markrin.webhooks.public_events import load_public_events

PUBLISH = "webhooks.publish"


@register()
def check_public_events(
    app_configs: object, **kwargs: object
) -> list[CheckMessage]:
    """Refuse to start with an event that is declared and not published, or the other way round."""
    declared = set(load_public_events())
    published = {name for name, tasks in ON_EVENT.items() if PUBLISH in tasks}
    return [
        Error(
            f"{name}: a public event is declared in an app's public_events.py, and has"
            f" {PUBLISH!r} in celery_app.ON_EVENT; this one has only one of the two.",
            id="markrin.E070",
        )
        for name in sorted(declared ^ published)
    ]


@register()
def check_networks(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Refuse to open private networks to addresses that others name."""
    if settings.OUTBOUND_NETWORKS and not settings.DEBUG:
        text = "OUTBOUND_NETWORKS must be empty outside DEBUG: others name the addresses."
        return [Error(text, id="markrin.E071")]
    wrong = [one for one in settings.OUTBOUND_NETWORKS if not _is_network(one)]
    return [
        Error(
            f"OUTBOUND_NETWORKS has {one!r}, which is no network such as 127.0.0.0/8.",
            id="markrin.E072",
        )
        for one in wrong
    ]


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
