from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "products"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        # registers the checks, connects the receivers
        from products import checks, signals  # noqa: F401
