"""Categories, a tree, and the size charts that hang on it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from products.models import search_triggers, triggers

MAX_DEPTH = 8


class CategoryQuerySet(QuerySet["Category"]):
    def below(self, category: "Category") -> "CategoryQuerySet":
        """Return the category itself and everything under it."""
        return self.filter(ancestors__contains=[category.pk])


class Category(Model):
    """A node of the catalogue's tree.

    `ancestors` (root first, this category last) is written by the trigger
    `products_category_tree`, which also refuses a cycle and more than MAX_DEPTH levels; so
    it is right whoever writes."""

    name = models.CharField(max_length=80)
    slug = models.CharField(max_length=120, unique=True)
    description = models.TextField(blank=True, default="", max_length=2000)
    image = models.ImageField(
        upload_to="categories/", blank=True, default="", max_length=200
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    position = models.PositiveSmallIntegerField(
        default=0, help_text="order among its siblings, then by name"
    )
    tax_class = models.ForeignKey(
        "products.TaxClass",
        models.PROTECT,
        to_field="code",
        null=True,
        blank=True,
        related_name="categories",
        help_text="empty: the nearest parent's, else the default",
    )
    ancestors = ArrayField(
        models.UUIDField(), editable=False, default=list, db_default=[]
    )
    stems = models.GeneratedField(
        expression=Func(F("name"), function="markrin_search_stems"),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )
    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "name", "id"]
        indexes = [GinIndex(fields=["ancestors"], name="category_ancestors")]
        constraints = [
            *constraints.check_text("category", "name"),
            *constraints.check_text(
                "category", "description", blank=True, lines=True
            ),
            constraints.check_max_length("category", "description", 2000),
            constraints.check_page_slug("category"),
            constraints.check_range("category", "position", 0, 32767),
            models.UniqueConstraint(
                fields=["parent", "name"],
                nulls_distinct=False,
                name="category_name_once_per_parent",
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("id")),
                name="category_not_its_own_parent",
                violation_error_message="parent must be another category.",
            ),
            triggers.CATEGORY_TREE,
            triggers.CATEGORY_SUBTREE,
            search_triggers.name_words(
                "category", update_of="name", value="NEW.name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SizeChart(Model):
    """The measures of a category's sizes; a child category without a chart of its own uses
    its nearest ancestor's.
    """

    category = models.OneToOneField(
        Category, models.CASCADE, related_name="size_chart"
    )
    title = models.CharField(max_length=80)
    note = models.TextField(blank=True, default="", max_length=1000)

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            *constraints.check_text("size_chart", "title"),
            *constraints.check_text("size_chart", "note", blank=True, lines=True),
            constraints.check_max_length("size_chart", "note", 1000),
        ]

    def __str__(self) -> str:
        return self.title


class SizeChartEntry(models.Model):
    """One cell: a measure of one size, as a range in centimetres (one value: both ends equal)."""

    chart = models.ForeignKey(SizeChart, models.CASCADE, related_name="entries")
    size = models.CharField(max_length=20)
    measure = models.CharField(
        max_length=40, help_text="chest, waist, foot length …"
    )
    min_cm = models.DecimalField(max_digits=5, decimal_places=1)
    max_cm = models.DecimalField(max_digits=5, decimal_places=1)
    row = models.PositiveSmallIntegerField(help_text="order of the size")
    column = models.PositiveSmallIntegerField(help_text="order of the measure")

    class Meta:
        verbose_name_plural = "size chart entries"
        ordering = ["row", "column"]
        constraints = [
            *constraints.check_text("size_chart_entry", "size", "measure"),
            constraints.check_range("size_chart_entry", "row", 0, 99),
            constraints.check_range("size_chart_entry", "column", 0, 19),
            models.UniqueConstraint(
                fields=["chart", "size", "measure"], name="size_chart_entry_once"
            ),
            models.UniqueConstraint(
                fields=["chart", "row", "column"],
                name="size_chart_entry_one_per_cell",
            ),
            models.CheckConstraint(
                condition=Q(min_cm__gt=0, min_cm__lte=F("max_cm"), max_cm__lte=300),
                name="size_chart_entry_cm_range",
                violation_error_message=(
                    "A measure is more than 0 and at most 300 cm, its lower end first."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.size} {self.measure}"
