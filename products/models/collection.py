"""Collections: products that belong together, picked by hand or found by a rule."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from products.models.category import Category
from products.models.product import Product

MAX_PICKED = 2000  # products that staff put into an order, of one collection


class CollectionOrder(models.TextChoices):
    """How the products stand that staff have not put into an order."""

    NEWEST = "newest"
    POPULARITY = "popularity"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    NAME_ASC = "name_asc"
    RATING = "rating"


class CollectionQuerySet(QuerySet["Collection"]):
    def published(self) -> "CollectionQuerySet":
        """Return those that have a page."""
        return self.filter(is_published=True)


class Collection(Model):
    """Products with a page of their own. Either staff pick them, or those belong to it that
    fulfil every condition of its rule; what a rule leaves empty does not narrow it.

    Who belongs to it is read when it is asked for (`products/selectors/collections.py`), so
    nothing has to be counted again. Prices are in the shop's currency.
    """

    name = models.CharField(max_length=80)
    slug = models.CharField(max_length=120, unique=True)
    description = models.TextField(blank=True, default="", max_length=2000)
    is_published = models.BooleanField(
        "published", default=True, help_text="has a page that shoppers see"
    )
    position = models.PositiveSmallIntegerField(
        default=0, help_text="order among the collections, then by name"
    )
    sort = models.CharField(
        "order",
        max_length=10,
        choices=CollectionOrder,
        default=CollectionOrder.NEWEST,
        help_text="of what nobody has put into its place",
    )
    seo_title = models.CharField(max_length=120, blank=True, default="")
    seo_description = models.CharField(max_length=320, blank=True, default="")
    # The rule
    by_rule = models.BooleanField(
        default=False, help_text="filled by the conditions below, not by hand"
    )
    tags = ArrayField(
        models.CharField(max_length=40),
        size=20,
        blank=True,
        default=list,
        help_text="any of them, separated by commas",
    )
    labels = ArrayField(
        models.CharField(max_length=80),
        size=20,
        blank=True,
        default=list,
        help_text="what products have in their own field “collection”, any of them",
    )
    category = models.ForeignKey(
        Category,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="with all that is below it",
    )
    min_price = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True
    )
    max_price = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True
    )
    in_stock = models.BooleanField(
        null=True, blank=True, help_text="whether it can be bought"
    )
    on_sale = models.BooleanField(
        null=True, blank=True, help_text="whether a sale lowers its price now"
    )
    max_age_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="days since the product was made, at most"
    )
    min_sold = models.PositiveIntegerField(
        null=True, blank=True, help_text="pieces sold in the last 30 days, at least"
    )
    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name", "id"]
        constraints = [
            *constraints.check_text("collection", "name"),
            *constraints.check_text(
                "collection", "seo_title", "seo_description", blank=True
            ),
            *constraints.check_text(
                "collection", "description", blank=True, lines=True
            ),
            constraints.check_max_length("collection", "description", 2000),
            constraints.check_page_slug("collection"),
            constraints.check_range("collection", "position", 0, 32767),
            constraints.check_choice("collection", "sort", CollectionOrder),
            constraints.check_range("collection", "max_age_days", 1, 3650),
            *constraints.check_not_negative(
                "collection", "min_price", "max_price", "min_sold"
            ),
            models.CheckConstraint(
                condition=Q(min_price=None)
                | Q(max_price=None)
                | Q(min_price__lte=F("max_price")),
                name="collection_prices_in_order",
                violation_error_message="The lowest price must not be above the highest.",
            ),
            models.CheckConstraint(
                condition=Q(by_rule=False)
                | ~Q(tags=[])
                | ~Q(labels=[])
                | Q(category__isnull=False)
                | Q(min_price__isnull=False)
                | Q(max_price__isnull=False)
                | Q(in_stock__isnull=False)
                | Q(on_sale__isnull=False)
                | Q(max_age_days__isnull=False)
                | Q(min_sold__isnull=False),
                name="collection_rule_says_something",
                violation_error_message="A rule needs at least one condition.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CollectionProduct(models.Model):
    """A product's place in a collection. Of a collection by hand, these are all its products; one
    by rule shows those of them that fulfil it first.
    """

    collection = models.ForeignKey(
        Collection, models.CASCADE, related_name="picked"
    )
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["collection", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "product"], name="collection_product_once"
            ),
            models.UniqueConstraint(
                fields=["collection", "position"],
                name="collection_product_one_per_place",
                deferrable=models.Deferrable.DEFERRED,
            ),
            constraints.check_range("collection_product", "position", 0, 32767),
        ]

    def __str__(self) -> str:
        return f"{self.position}"
