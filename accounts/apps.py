from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Register the checks."""
        from accounts import checks  # noqa: F401 (importing registers them)
