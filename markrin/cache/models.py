"""The table of versions, which says what processes may go on keeping."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models


class DataVersion(models.Model):
    """Which state the tables of one subject are in. Their triggers write a new version with
    each change (`markrin/cache/data_versions.py`); nothing else does.
    """

    subject = models.TextField(primary_key=True, help_text="for example tax")
    version = models.UUIDField(db_default=RandomUUID())

    class Meta:
        db_table = "data_version"

    def __str__(self) -> str:
        return self.subject
