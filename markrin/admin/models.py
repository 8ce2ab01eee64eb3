"""What the admin stores for each member of staff: filters and exports."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from markrin.db import constraints
from markrin.db.models import Model

QUERY_MAX = 2000


class SavedFilter(models.Model):
    """The filters and order that somebody left a page with. What they searched for is not
    kept: it names customers.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    page = models.CharField(max_length=200, help_text="the page's path")
    query = models.CharField(max_length=QUERY_MAX, help_text="its query string")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page"], name="kept_filter_one_per_page"
            )
        ]

    def __str__(self) -> str:
        return f"{self.page}?{self.query}"


class SavedExport(Model):
    """A table to be exported again: which page's rows, by which filters, with which columns."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    page = models.CharField(
        max_length=200, help_text="the path of the page whose rows they are"
    )
    name = models.CharField(max_length=80)
    query = models.CharField(
        max_length=QUERY_MAX,
        blank=True,
        default="",
        help_text="the page's query string",
    )
    columns = ArrayField(models.CharField(max_length=60), help_text="in this order")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"], name="saved_export_name_once"
            ),
            *constraints.check_text("saved_export", "name"),
        ]

    def __str__(self) -> str:
        return self.name
