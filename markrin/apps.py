"""What every app needs and no app owns."""

from django.apps import AppConfig
from django.conf import settings


class MarkrinConfig(AppConfig):
    name = "markrin"
    verbose_name = "Markrin"

    def ready(self) -> None:
        from markrin import checks  # noqa: F401 (registers the system checks)
        from markrin.admin.labels import spell_labels
        from markrin.admin.site import AdminSite
        from markrin.mail import preview_pages
        from markrin.observe import logs, sentry

        logs.configure_logging(path=settings.LOG_FILE, level=settings.LOG_LEVEL)
        sentry.configure_sentry()
        spell_labels()
        AdminSite.extra_pages.append(preview_pages.preview_urls)
