"""Colours, as the shop names them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import CombinedExpression

from markrin.db import constraints
from markrin.db.models import Model
from products.models import search_triggers


class Color(Model):
    """A colour that variants come in: how it looks, and the family it is found and filtered by
    ("blue" finds navy). Variants name it; letters' case and blanks aside.
    """

    name = models.CharField(max_length=40)
    family = models.CharField(
        max_length=40,
        blank=True,
        default="",
        help_text="what shoppers call it: Blue for Navy; empty: it is one of its own",
    )
    hex = models.CharField(
        max_length=7, blank=True, default="", help_text="#1b2a4a; or a picture"
    )
    picture = models.ImageField(
        upload_to="colors/",
        blank=True,
        default="",
        max_length=200,
        help_text="for a pattern, or a cloth",
    )
    key = models.GeneratedField(
        expression=Func(F("name"), function="markrin_search_key"),
        output_field=models.TextField(),
        db_persist=True,
    )
    stems = models.GeneratedField(
        expression=Func(
            CombinedExpression(
                CombinedExpression(F("name"), "||", Value(" ")), "||", F("family")
            ),
            function="markrin_search_stems",
        ),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )

    class Meta:
        verbose_name = "colour"
        ordering = ["family", "name", "id"]
        constraints = [
            *constraints.check_text("color", "name"),
            *constraints.check_text("color", "family", blank=True),
            models.CheckConstraint(
                condition=Q(hex="") | Q(hex__regex=r"\A#[0-9a-f]{6}\Z"),
                name="color_hex_form",
                violation_error_message="hex takes # and six digits: #1b2a4a.",
            ),
            models.UniqueConstraint(
                fields=["key"],
                name="color_once_by_name",
                violation_error_message="There is a colour of this name.",
            ),
            search_triggers.name_words(
                "color",
                update_of="name, family",
                value="NEW.name || ' ' || NEW.family",
            ),
        ]

    def __str__(self) -> str:
        return self.name
