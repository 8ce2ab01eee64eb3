"""What comes in about variants and their stock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from marshmallow import validates_schema
from stdnum import ean

from markrin.api import fields
from markrin.api.schemas import InputSchema, PatchSchema, T
from markrin.api.unset import UNSET, Unset
from products.models import InventoryPolicy
from products.schemas.prices import MAX_PRICE, SaleFields, SaleInput

SKU = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}"
MAX_PIECES = 1_000_000  # that one call brings or takes


@dataclass(frozen=True, kw_only=True)
class VariantInput(SaleInput):
    """A whole variant, but for its stock. Without `base_price` all its prices are the
    product's. Prices are in the shop's currency; `cost_price` is what the shop pays.
    """

    sku: str
    size: str = ""
    color: str = ""
    base_price: Decimal | None = None
    barcode: str = ""
    weight_g: int | None = None
    hs_code: str = ""
    origin_country: str = ""
    bin_location: str = ""
    cost_price: Decimal | None = None


class Gtin(fields.Text):
    """A barcode's number of 8, 12, 13 or 14 digits, the last of which checks the others, or
    nothing. Source: GS1 General Specifications, section 7.9.
    """

    def __init__(self, **kw: Any):
        super().__init__(
            max=14,
            min=0,
            pattern="(?:[0-9]{8}|[0-9]{12,14})?",
            load_default="",
            **kw,
        )

    def _check(self, value: object) -> str:
        number = super()._check(value)
        if number and not ean.is_valid(number):
            raise fields.refuse(
                "check_digit", "The last digit does not fit the others."
            )
        return number

    def limits(self) -> fields.JSONSchema:
        return {**super().limits(), "format": "gtin"}  # the check digit


class VariantFields(SaleFields[T]):
    sku = fields.Text(max=64, pattern=SKU, required=True)
    size = fields.Text(max=20, min=0, load_default="")
    color = fields.Text(max=40, min=0, load_default="")
    base_price = fields.Money(max=MAX_PRICE, allow_none=True, load_default=None)
    barcode = Gtin()
    weight_g = fields.Int(min=1, max=1_000_000, allow_none=True, load_default=None)
    hs_code = fields.Text(
        max=10, min=0, pattern="(?:[0-9]{4,10})?", load_default=""
    )
    origin_country = fields.Text(
        max=2, min=0, pattern="(?:[A-Z]{2})?", load_default=""
    )
    bin_location = fields.Text(max=40, min=0, load_default="")
    cost_price = fields.Money(max=MAX_PRICE, allow_none=True, load_default=None)

    @validates_schema
    def _prices_together(
        self, data: Mapping[str, object], **kwargs: object
    ) -> None:
        if (
            "base_price" in data
            and data["base_price"] is None
            and data.get("sale_price") is not None
        ):
            raise fields.refuse(
                "required",
                "A variant's own sale needs its own basePrice.",
                "base_price",
            )


@dataclass(frozen=True, kw_only=True)
class NewVariant(VariantInput):
    """A variant with its first pieces."""

    stock: int = 0
    inventory_policy: InventoryPolicy = InventoryPolicy.DENY


class StockFields(VariantFields[T]):
    @validates_schema
    def _uncounted_is_none(
        self, data: Mapping[str, object], **kwargs: object
    ) -> None:
        if data.get("inventory_policy") == InventoryPolicy.UNTRACKED and data.get(
            "stock"
        ):
            raise fields.refuse(
                "untracked", "What is not counted has no stock.", "stock"
            )


class CreateVariant(StockFields[NewVariant]):
    stock = fields.Int(min=0, max=MAX_PIECES, load_default=0)
    inventory_policy = fields.Enum(
        InventoryPolicy, load_default=InventoryPolicy.DENY
    )


@dataclass(frozen=True, kw_only=True)
class ReplacedVariant(VariantInput):
    """A variant in a PUT. `stock` is for new variants; for one that exists it is None, or
    what is left of it. Without `inventory_policy` it keeps the one that it has.
    """

    stock: int | None = None
    inventory_policy: InventoryPolicy | None = None


class ReplaceVariant(StockFields[ReplacedVariant]):
    """In a PUT: `stock` is for new variants; for one that exists it may be left out or be
    what it is. Without `inventoryPolicy` it keeps the one that it has.
    """

    stock = fields.Int(min=0, max=MAX_PIECES)
    inventory_policy = fields.Enum(InventoryPolicy)


@dataclass(frozen=True, kw_only=True)
class VariantChange:
    """Some fields of a variant; the others stay."""

    sku: str | Unset = UNSET
    size: str | Unset = UNSET
    color: str | Unset = UNSET
    base_price: Decimal | Unset | None = UNSET
    sale_price: Decimal | Unset | None = UNSET
    sale_starts_at: datetime | Unset | None = UNSET
    sale_ends_at: datetime | Unset | None = UNSET
    barcode: str | Unset = UNSET
    weight_g: int | Unset | None = UNSET
    hs_code: str | Unset = UNSET
    origin_country: str | Unset = UNSET
    bin_location: str | Unset = UNSET
    cost_price: Decimal | Unset | None = UNSET
    position: int | Unset = UNSET
    is_active: bool | Unset = UNSET
    inventory_policy: InventoryPolicy | Unset = UNSET


class UpdateVariant(PatchSchema[VariantChange], VariantFields[VariantChange]):
    position = fields.Int(min=0, max=32_767)
    is_active = fields.Bool()
    inventory_policy = fields.Enum(InventoryPolicy)


@dataclass(frozen=True, kw_only=True)
class StockAdjustment:
    """By how many pieces the shelf differs, and why."""

    delta: int
    note: str


class AdjustStock(InputSchema[StockAdjustment]):
    delta = fields.Int(min=-MAX_PIECES, max=MAX_PIECES, required=True)
    note = fields.Text(max=200, required=True)


@dataclass(frozen=True, kw_only=True)
class StockCount:
    """How many pieces can be sold, and how many the other system believed that there were."""

    count_in_stock: int
    expected: int | None = None


class SetStock(InputSchema[StockCount]):
    """`countInStock` pieces can be sold: reserved ones are not among them. With `expected` it
    counts only if so many could be sold until now.
    """

    count_in_stock = fields.Int(min=0, max=MAX_PIECES, required=True)
    expected = fields.Int(min=0, max=2_147_483_647)


@dataclass(frozen=True, kw_only=True)
class BackInStockWish:
    """Where a guest wants to hear that a variant is back."""

    email: str | None = None


class NotifyWhenBack(InputSchema[BackInStockWish]):
    """`email` from guests only: a signed-in customer is written to at the account's address."""

    email = fields.Email()
