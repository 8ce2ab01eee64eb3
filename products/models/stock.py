"""Stock: a level per variant, and the ledger that explains it."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Lower, Now

from markrin.db import constraints
from markrin.db.declared import StorageParameters
from markrin.db.models import Model, QuerySet
from products.models import triggers

MAX_STOCK = (
    1_000_000_000  # pieces: far above any shelf, below what an integer column holds
)


class InventoryPolicy(models.TextChoices):
    """What may be promised to shoppers of a variant."""

    DENY = "deny", "Only what is there"
    CONTINUE = "continue", "Also on back order"
    UNTRACKED = "untracked", "Without counting"


class StockLevelQuerySet(QuerySet["StockLevel"]):
    def sellable(self) -> "StockLevelQuerySet":
        """Return levels of which at least one piece can be sold."""
        return self.filter(sellable__gt=0)


class StockLevel(models.Model):
    """Pieces of one variant: on the shelf, and how many are promised to orders.

    `sellable` is the one answer to "how many more pieces may be promised?", for SQL and Python:
    what is there and not promised yet, or any number where the policy is not `deny`.
    `overpromised` are promises beyond the shelf from before the policy went back to `deny`. They
    are kept; the number only shrinks, as pieces come in or promises end. Nothing is counted of an
    untracked variant: no order moves its stock.

    Written only by products/services/stock/: movements.py and policies.py. A narrow table without
    further indexes, half-filled pages: updates stay heap-only tuples, and nothing else locks the
    rows that every checkout fights for."""

    variant = models.OneToOneField(
        "products.Variant", models.PROTECT, primary_key=True, related_name="stock"
    )
    on_hand = models.IntegerField(default=0, db_default=0)
    reserved = models.IntegerField(default=0, db_default=0)
    counted_at = models.DateTimeField(
        null=True, blank=True, help_text="when a feed last counted the shelf"
    )
    inventory_policy = models.CharField(
        max_length=9,
        choices=InventoryPolicy,
        default=InventoryPolicy.DENY,
        db_default=InventoryPolicy.DENY,
    )
    overpromised = models.IntegerField(default=0, db_default=0)
    sellable = models.GeneratedField(
        expression=Case(
            When(
                inventory_policy=InventoryPolicy.DENY,
                then=F("on_hand") - F("reserved"),
            ),
            default=Value(MAX_STOCK) - F("reserved"),
        ),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    objects = StockLevelQuerySet.as_manager()

    class Meta:
        constraints = [
            constraints.check_range("stock_level", "on_hand", 0, MAX_STOCK),
            constraints.check_range("stock_level", "reserved", 0, MAX_STOCK),
            constraints.check_choice(
                "stock_level", "inventory_policy", InventoryPolicy
            ),
            models.CheckConstraint(
                condition=~Q(inventory_policy="deny")
                | Q(reserved__lte=F("on_hand") + F("overpromised")),
                name="stock_level_reserved_on_hand",
                violation_error_message="No more pieces can be reserved than are on hand.",
            ),
            models.CheckConstraint(
                condition=Q(overpromised=0)
                | Q(
                    inventory_policy="deny",
                    overpromised__gt=0,
                    overpromised__lte=F("reserved") - F("on_hand"),
                ),
                name="stock_level_overpromised_beyond_shelf",
                violation_error_message="Only what is promised beyond the shelf is overpromised.",
            ),
            models.CheckConstraint(
                condition=~Q(inventory_policy="untracked")
                | Q(on_hand=0, reserved=0),
                name="stock_level_untracked_counts_nothing",
                violation_error_message="Nothing is counted of an untracked variant.",
            ),
            StorageParameters(
                name="products_stocklevel_storage",
                autovacuum_vacuum_scale_factor=0.02,
                fillfactor=50,
            ),
            triggers.REFRESH_STOCKED,
            *triggers.STOCKED_OPTIONS,
        ]

    def __str__(self) -> str:
        return f"{self.count_in_stock} in stock"

    @property
    def count_in_stock(self) -> int:
        """Pieces that are there and not promised to an order."""
        return max(0, self.on_hand - self.reserved)

    @property
    def least_on_hand(self) -> int:
        """How few pieces may lie on the shelf, for what is promised."""
        if self.inventory_policy == InventoryPolicy.DENY:
            return self.reserved - self.overpromised
        return 0


class MovementKind(models.TextChoices):
    INITIAL = "initial"
    ADJUST = "adjust"
    FEED = "feed"
    RESERVE = "reserve"
    RELEASE = "release"
    SHIP = "ship"
    RETURN = "return"


class StockMovement(models.Model):
    """One entry of the ledger, append-only (a trigger refuses UPDATE and DELETE).

    `ref` makes each effect happen once.
    """

    variant = models.ForeignKey(
        "products.Variant", models.PROTECT, related_name="movements"
    )
    kind = models.CharField(max_length=7, choices=MovementKind)
    d_on_hand = models.IntegerField(default=0)
    d_reserved = models.IntegerField(default=0)
    ref = models.CharField(max_length=160, unique=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["variant", "created_at"], name="stock_movement_of_variant"
            ),
            # A day's figures ask what was sold out in it: the ledger lies as it was written.
            BrinIndex(
                fields=["created_at"],
                name="stock_movement_by_time",
                autosummarize=True,
            ),
            # What staff filter the ledger by; of what every order writes, the newest are
            # found without an index.
            models.Index(
                fields=["kind", "-id"],
                name="stock_movement_rare",
                condition=Q(kind__in=["adjust", "feed", "release", "return"]),
            ),
        ]
        constraints = [
            constraints.check_choice("stock_movement", "kind", MovementKind),
            constraints.check_range(
                "stock_movement", "d_on_hand", -MAX_STOCK, MAX_STOCK
            ),
            constraints.check_range(
                "stock_movement", "d_reserved", -MAX_STOCK, MAX_STOCK
            ),
            *constraints.check_text("stock_movement", "ref"),
            *constraints.check_text("stock_movement", "note", blank=True),
            models.CheckConstraint(
                condition=Q(kind="initial", d_on_hand__gte=0, d_reserved=0)
                | Q(kind__in=["adjust", "feed"], d_reserved=0)
                | Q(kind="reserve", d_on_hand=0, d_reserved__gt=0)
                | Q(kind="release", d_on_hand=0, d_reserved__lt=0)
                | Q(kind="ship", d_on_hand__lt=0, d_reserved=F("d_on_hand"))
                | Q(kind="return", d_on_hand__gt=0, d_reserved=0),
                name="stock_movement_deltas_fit_kind",
            ),
            triggers.STOCK_MOVEMENTS_ONLY_GROW,
        ]

    def __str__(self) -> str:
        return self.ref


class BackInStockRequest(Model):
    """A customer's wish to hear when a variant can be bought again; answered once, by mail."""

    variant = models.ForeignKey(
        "products.Variant", models.CASCADE, related_name="back_in_stock_requests"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    email = models.CharField(max_length=254)
    notified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "variant",
                Lower("email"),
                condition=Q(notified_at=None),
                name="back_in_stock_request_once",
            ),
            constraints.check_pattern(
                "back_in_stock_request",
                "email",
                r"[^\s@]+@[^\s@]+",
                "email must be an address.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}"
