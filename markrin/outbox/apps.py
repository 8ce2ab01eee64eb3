"""Jobs as rows in the database: written with what they follow from, run by Celery workers."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OutboxConfig(AppConfig):
    name = "markrin.outbox"
    label = "outbox"
    verbose_name = "Background jobs"

    def ready(self) -> None:
        from markrin.observe import sentry
        from markrin.outbox import checks, handlers  # noqa: F401 (registers the system checks)

        sentry.ignore_errors(
            handlers.Retry,
            handlers.Reschedule,
            handlers.LeaseLost,
            untraced_tasks=handlers.registry,
        )

        # `add` must know each handler's queue and limits, in a web process too.
        autodiscover_modules("tasks")
