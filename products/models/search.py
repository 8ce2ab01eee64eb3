"""What the search knows besides the products: their words, and what staff tell it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q

from markrin.db import constraints
from markrin.db.models import Model
from products.models import search_triggers
from products.models.product import Product


class SearchWord(models.Model):
    """A word that occurs in the catalogue: what a mistyped search is corrected to, by
    trigram likeness. Triggers write it (products/models/search_triggers.py).
    """

    word = models.CharField(max_length=64, primary_key=True)
    stem = models.CharField(
        max_length=64,
        default="",
        db_default="",
        help_text="what its plural and its singular have in common",
    )
    is_public = models.BooleanField(
        default=False,
        db_default=False,
        help_text="whether a shopper can see a product, or a name, of it",
    )

    class Meta:
        indexes = [
            GinIndex(
                fields=["word"],
                name="search_word_trigrams",
                opclasses=["gin_trgm_ops"],
            ),
            models.Index(fields=["stem"], name="search_word_stem"),
        ]

    def __str__(self) -> str:
        return self.word


class SynonymGroup(Model):
    """Words that mean the same to the shop's customers: whoever searches for one finds what is
    named by another.
    """

    words = ArrayField(
        models.CharField(max_length=80),
        size=40,
        help_text="separated by commas; a word may be several: swim suit",
    )

    phrases = models.GeneratedField(
        expression=Func(F("words"), function="markrin_search_phrases"),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )

    class Meta:
        ordering = ["words", "id"]
        indexes = [GinIndex(fields=["phrases"], name="synonym_group_phrases")]
        constraints = [
            models.CheckConstraint(
                condition=Q(words__len__gte=2) & Q(words__len__lte=40),
                name="synonym_group_of_2_to_40",
                violation_error_message="A group takes 2 to 40 words.",
            ),
            search_triggers.name_words(
                "synonymgroup",
                update_of="words",
                value="array_to_string(NEW.words, ' ')",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(self.words)


class IgnoredWord(Model):
    """A word of ordinary sentences that says nothing about a product: it finds nothing, and
    leaves nothing out.
    """

    word = models.CharField(max_length=40)
    key = models.GeneratedField(
        expression=Func(F("word"), function="markrin_search_key"),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["word"]
        constraints = [
            *constraints.check_text("ignored_word", "word"),
            models.UniqueConstraint(
                fields=["key"],
                name="ignored_word_once",
                violation_error_message="This word is ignored already.",
            ),
        ]

    def __str__(self) -> str:
        return self.word


class SearchPin(Model):
    """A product that stands before all others where this is searched for, however it is
    spelled; several stand in the order of their places.
    """

    query = models.CharField(max_length=100, help_text="what is searched for")
    product = models.ForeignKey(Product, models.CASCADE, related_name="search_pins")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["query", "position", "id"]
        indexes = [
            models.Index(
                Func(F("query"), function="markrin_search_key"),
                name="search_pin_query",
            )
        ]
        constraints = [
            *constraints.check_text("search_pin", "query"),
            constraints.check_range("search_pin", "position", 0, 32767),
            models.UniqueConstraint(
                fields=["query", "product"], name="search_pin_once_per_product"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.query}: {self.product}"
