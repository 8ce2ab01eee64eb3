from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils import timezone


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from accounts.groups import grant_permissions
        from analytics.services.partitions import make_partitions

        # The last app of all, so the permissions of all exist by then.
        post_migrate.connect(
            grant_permissions, sender=self, dispatch_uid="accounts.groups"
        )
        post_migrate.connect(
            lambda **_: make_partitions(now=timezone.now()), sender=self, weak=False
        )
