"""What looks after a running shop: doctor, verify, trace, health, and the generated docs."""

import gc

from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "markrin.ops"
    verbose_name = "Operations"

    def ready(self) -> None:
        """Look for circles among objects again (settings.py has turned it off), but not among those
        that the models and the admin are made of: they stay to the end.
        """
        gc.freeze()
        gc.enable()
