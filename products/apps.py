from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "products"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        from products import signals  # noqa: F401 (connects the receivers)
