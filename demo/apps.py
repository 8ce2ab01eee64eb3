"""The demo shop: made-up catalogue, customers and orders. Nothing of it is needed in a real one."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"
    verbose_name = "Demo shop"
