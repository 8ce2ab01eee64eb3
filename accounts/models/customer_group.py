"""Groups of customers, put together by hand: for promotions that are not for everybody."""

from django.conf import settings
from django.db import models

from markrin.db import constraints
from markrin.db.models import Model, QuerySet


class CustomerGroup(Model):
    """A group of customers, such as wholesale or friends of the shop."""

    name = models.CharField(max_length=80, unique=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="customer_groups"
    )
    objects = QuerySet["CustomerGroup"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [*constraints.check_text("customer_group", "name")]

    def __str__(self) -> str:
        return self.name
