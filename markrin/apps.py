"""What every app needs and no app owns."""

from django.apps import AppConfig


class MarkrinConfig(AppConfig):
    name = "markrin"
    verbose_name = "Markrin"

    def ready(self) -> None:
        from markrin import checks  # noqa: F401 (registers the system checks)
