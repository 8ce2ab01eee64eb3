from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils import timezone


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from analytics.roles import make_groups
        from analytics.services import make_partitions

        # The last app of all, so every app's permissions exist by then.
        post_migrate.connect(make_groups, sender=self, dispatch_uid="analytics.make_groups")
        post_migrate.connect(lambda **_: make_partitions(now=timezone.now()), sender=self, weak=False)
