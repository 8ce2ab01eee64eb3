"""What looks after a running shop: doctor, verify, trace, health, and the generated docs."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "markrin.ops"
    verbose_name = "Operations"
