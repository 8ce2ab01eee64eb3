"""What staff have put aside on their desk: the filters they left, their exports; and the
log of what they changed.
"""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "markrin.desk"
    label = "desk"
    verbose_name = "Desk"
