"""What comes in about variants and their stock."""

from dataclasses import dataclass

from markrin.api import fields
from markrin.api.schemas import InputSchema, PatchSchema, T
from markrin.api.unset import UNSET, Unset

SKU = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}"
MAX_PIECES = 1_000_000  # that one call brings or takes


@dataclass(frozen=True, kw_only=True)
class VariantInput:
    """A whole variant, but for its stock."""

    sku: str
    size: str = ""
    color: str = ""


class VariantFields(InputSchema[T]):
    sku = fields.Text(max=64, pattern=SKU, required=True)
    size = fields.Text(max=20, min=0, load_default="")
    color = fields.Text(max=40, min=0, load_default="")


@dataclass(frozen=True, kw_only=True)
class NewVariant(VariantInput):
    """A variant with its first pieces."""

    stock: int = 0


class CreateVariant(VariantFields[NewVariant]):
    stock = fields.Int(min=0, max=MAX_PIECES, load_default=0)


@dataclass(frozen=True, kw_only=True)
class ReplacedVariant(VariantInput):
    """A variant in a PUT. `stock` is for new variants; for one that exists it is None, or
    what is left of it.
    """

    stock: int | None = None


class ReplaceVariant(VariantFields[ReplacedVariant]):
    """In a PUT: `stock` is for new variants; for one that exists it may be left out or be
    what it is.
    """

    stock = fields.Int(min=0, max=MAX_PIECES)


@dataclass(frozen=True, kw_only=True)
class VariantChange:
    """Some fields of a variant; the others stay."""

    sku: str | Unset = UNSET
    size: str | Unset = UNSET
    color: str | Unset = UNSET
    position: int | Unset = UNSET
    is_active: bool | Unset = UNSET


class UpdateVariant(PatchSchema[VariantChange]):
    sku = fields.Text(max=64, pattern=SKU)
    size = fields.Text(max=20, min=0)
    color = fields.Text(max=40, min=0)
    position = fields.Int(min=0, max=32_767)
    is_active = fields.Bool()


@dataclass(frozen=True, kw_only=True)
class StockAdjustment:
    """By how many pieces the shelf differs, and why."""

    delta: int
    note: str


class AdjustStock(InputSchema[StockAdjustment]):
    delta = fields.Int(min=-MAX_PIECES, max=MAX_PIECES, required=True)
    note = fields.Text(max=200, required=True)


@dataclass(frozen=True, kw_only=True)
class BackInStockWish:
    """Where a guest wants to hear that a variant is back."""

    email: str | None = None


class NotifyWhenBack(InputSchema[BackInStockWish]):
    """`email` from guests only: a signed-in customer is written to at the account's address."""

    email = fields.Email()
