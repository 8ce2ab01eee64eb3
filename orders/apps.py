from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        # registers the checks, connects the receivers
        from orders import checks, signals  # noqa: F401
