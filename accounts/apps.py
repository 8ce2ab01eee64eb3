from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Register the checks, and the groups of staff."""
        from accounts import checks, groups  # noqa: F401 (importing the checks registers them)

        post_migrate.connect(groups.grant, dispatch_uid="accounts.groups")
