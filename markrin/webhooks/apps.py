"""Webhooks and the list of events."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "markrin.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        """Register the checks."""
        from markrin.webhooks import checks  # noqa: F401 (importing registers them)
