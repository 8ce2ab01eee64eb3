"""How carts and orders see a variant: what it is, what it costs, how it is taxed, how many
pieces can be sold.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.core.files.storage import default_storage

from markrin.db.sql import Row, fetch_prepared
from products.models import InventoryPolicy, Variant
from products.selectors.prices import inherited, price_now
from products.tax_classes import TAX_CLASS_OF_PRODUCT


@dataclass(frozen=True, slots=True)
class OfferImage:
    """A product's first picture; `url` is absolute, or a path below MEDIA_URL."""

    url: str
    alt_text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant as it can be bought now. Prices are in the shop's currency.

    `price` is that of the moment; `is_reduced` says that it is a sale's, below `base_price`.
    `category_ids` are its categories and all above them. `weight_g` is in grams. `tax_class` is the
    product's own, that of the nearest category above which names one, or the default; or empty.
    `sellable` is how many pieces may be promised, 0 too where `on_sale` is true;
    `count_in_stock` is how many of them are there. `on_sale` says that the variant is active and
    its product published.
    """

    variant_id: UUID
    sku: str
    size: str
    color: str
    product_id: UUID
    slug: str
    name: str
    category_id: UUID
    category_ids: Sequence[UUID]
    base_price: Decimal
    price: Decimal
    is_reduced: bool
    weight_g: int | None
    tax_class: str
    is_gift_card: bool
    on_sale: bool
    sellable: int
    count_in_stock: int
    inventory_policy: InventoryPolicy
    image: OfferImage | None


# Each variant with what `offer_of` reads. The casts keep a column's type when a migration
# widens the column: a planned statement whose types change is refused, and its transaction
# with it.
OFFERS: Final = f"""
    SELECT variant.id AS variant_id, variant.sku::text, variant.size::text, variant.color::text,
    product.id AS product_id, product.slug::text, product.name::text, product.category_id,
    category.ancestors || ARRAY(SELECT above FROM products_product_also_in AS also
        JOIN products_category AS other ON other.id = also.category_id,
        unnest(other.ancestors) AS above WHERE also.product_id = product.id) AS category_ids,
    -- "+ 0" takes the column's own precision off, which a later migration may change
    ({inherited("base_price", variant="variant", product="product")}) + 0 AS base_price,
    ({price_now(variant="variant", product="product")}) + 0 AS price,
    ({price_now(variant="variant", product="product")})
        < ({inherited("base_price", variant="variant", product="product")}) AS is_reduced,
    variant.weight_g::bigint,
    variant.is_active AND product.status = 'published' AS on_sale,
    -- a gift card is made at once when it is paid, so it cannot be on back order
    greatest(0, CASE WHEN product.is_gift_card AND level.inventory_policy = 'continue'
        THEN level.on_hand - level.reserved ELSE level.sellable END)::bigint AS sellable,
    greatest(0, level.on_hand - level.reserved)::bigint AS count_in_stock,
    coalesce(level.inventory_policy, 'deny')::text AS inventory_policy,
    {TAX_CLASS_OF_PRODUCT} AS tax_class, product.is_gift_card,
    image.id AS image_id, image.file::text AS image_file, image.external_url::text AS image_url,
    image.alt_text::text AS image_alt
    FROM products_variant AS variant
    JOIN products_product AS product ON product.id = variant.product_id
    JOIN products_category AS category ON category.id = product.category_id
    LEFT JOIN products_stocklevel AS level ON level.variant_id = variant.id
    LEFT JOIN LATERAL (
        SELECT * FROM products_productimage WHERE product_id = product.id
        ORDER BY color <> '' AND color = variant.color DESC, position, id LIMIT 1
    ) AS image ON true
"""  # noqa: S608 (constants)
_BY_VARIANT: Final = (
    f"SELECT * FROM ({OFFERS}) AS offer"  # noqa: S608 (constants)
    " WHERE variant_id = ANY ((SELECT %s::uuid[])::uuid[])"
)

_BY_PRODUCT: Final = (
    # constants
    f"SELECT * FROM ({OFFERS}) AS offer WHERE product_id = %s::uuid AND on_sale"  # noqa: S608 (our own text)
    " ORDER BY price, variant_id"
)


def list_product_offers(product_id: UUID) -> list[Offer]:
    """Return what is on sale of a product, the cheapest variant first: one query; none where the
    product is not published.
    """
    return [
        offer_from_row(row) for row in fetch_prepared(_BY_PRODUCT, [product_id])
    ]


def get_offers(variant_ids: Iterable[UUID]) -> dict[UUID, Offer]:
    """Return what is on offer under these ids, in one query; an id that is nobody's is left out."""
    return {
        row["variant_id"]: offer_from_row(row)
        for row in fetch_prepared(_BY_VARIANT, [list(set(variant_ids))])
    }


def offer_from_row(row: Row) -> Offer:
    """Return the offer in a row of `OFFERS`."""
    columns = {name: row[name] for name in _COLUMNS}
    return Offer(**columns, image=_image_from_row(row))


_COLUMNS: Final = [field for field in Offer.__annotations__ if field != "image"]


def _image_from_row(row: Row) -> OfferImage | None:
    if row["image_id"] is None:
        return None
    return OfferImage(
        url=row["image_url"] or default_storage.url(row["image_file"]),
        alt_text=row["image_alt"],
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant on sale that a shopper may choose instead; `count_in_stock` is pieces that are
    there, `in_stock` whether it can be bought.
    """

    id: UUID
    size: str
    color: str
    count_in_stock: int
    in_stock: bool


@dataclass(frozen=True, slots=True)
class CategoryName:
    """What a link to a category needs."""

    id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ProductChoices:
    """What a cart shows of a product besides its offer."""

    brand: str
    category: CategoryName
    variants: Sequence[Choice]


# Each product with what `choices_from_row` reads, to be joined to `OFFERS`.
CHOICES: Final = """
    SELECT product.id AS product_id, product.brand::text, category.slug::text AS category_slug,
        category.name::text AS category_name,
        ARRAY(SELECT json_build_array(variant.id, variant.size, variant.color,
                greatest(0, level.on_hand - level.reserved), coalesce(level.sellable > 0, false))
            FROM products_variant AS variant
            LEFT JOIN products_stocklevel AS level ON level.variant_id = variant.id
            WHERE variant.product_id = product.id AND variant.is_active
                AND product.status = 'published'
            ORDER BY variant.position, variant.id) AS choices
    FROM products_product AS product
    JOIN products_category AS category ON category.id = product.category_id
"""


def choices_from_row(row: Row) -> ProductChoices:
    """Return brand, category and variants on sale of the product in a row of `OFFERS` and
    `CHOICES`.
    """
    return ProductChoices(
        brand=row["brand"],
        category=CategoryName(
            row["category_id"], row["category_slug"], row["category_name"]
        ),
        variants=[
            Choice(UUID(variant_id), *others)
            for variant_id, *others in row["choices"]
        ],
    )


def find_products_of_skus(skus: Collection[str]) -> set[UUID]:
    """Return the products of these SKUs, on sale or not; what is unknown is left out."""
    rows = Variant.objects.filter(sku__in=skus).values_list("product_id", flat=True)
    return set(rows)
