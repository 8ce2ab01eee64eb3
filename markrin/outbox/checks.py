"""System checks: the map of events names only what exists."""

import inspect
from dataclasses import is_dataclass
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Advice
from django.utils.module_loading import module_has_submodule

from celery_app import ON_EVENT, QUEUES
from markrin.outbox import handlers

# EMAIL_BACKEND of a shop that hands its mails to a mail server
OVER_SMTP = (
    "markrin.mail.backends.SMTPBackend",
    "django.core.mail.backends.smtp.EmailBackend",
)


@register()
def check_event_map(**_: object) -> list[CheckMessage]:
    """Every task in ON_EVENT is a registered handler, and every event of an app has its
    line there.
    """
    unknown = [
        Error(
            f"celery_app.ON_EVENT[{event!r}] names {task!r}, which no @handler has.",
            id="outbox.E001",
        )
        for event, tasks in ON_EVENT.items()
        for task in tasks
        if task not in handlers.registry
    ]
    unheard = [
        Error(
            f"The event {event!r} has no line in celery_app.ON_EVENT.",
            id="outbox.E002",
        )
        for event in sorted(_declared_events() - ON_EVENT.keys())
    ]
    return [*unknown, *unheard]


@register()
def check_queues(**_: object) -> list[CheckMessage]:
    """Every handler's queue has a worker."""
    return [
        Error(
            f"The handler {known.name!r} wants the queue {known.queue!r}, which is not in QUEUES.",
            id="outbox.E003",
        )
        for known in handlers.registry.values()
        if known.queue not in QUEUES
    ]


@register(deploy=True)
def check_mail_server(**_: object) -> list[CheckMessage]:
    """The mail server is configured: Django's default is a server on this very machine."""
    if settings.EMAIL_URL or settings.EMAIL_BACKEND not in OVER_SMTP:
        return []
    return [
        Advice(
            "EMAIL_URL is not set: mails go to port 25 of this machine.",
            id="outbox.W001",
        )
    ]


def _declared_events() -> set[str]:
    modules = [
        import_module(f"{config.name}.events")
        for config in apps.get_app_configs()
        if config.module is not None
        and module_has_submodule(config.module, "events")
    ]
    declared = {
        getattr(item, "name", None)
        for module in modules
        for _, item in inspect.getmembers(module, inspect.isclass)
        if is_dataclass(item) and item.__module__ == module.__name__
    }
    return {name for name in declared if isinstance(name, str)}
