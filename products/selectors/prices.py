"""What products and variants cost now, by PostgreSQL's clock, as SQL and as expressions.

Lists sort and filter by what stands in `Product.price`, which holds up to `price_until`. At a
moment at which sales start or end, the products that are concerned have `next_price` in force
until somebody has written it into `price`. `read_price_clock` says whether there are such, and
how long an answer that is rendered now may be kept.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import (
    Case,
    DateTimeField,
    DecimalField,
    F,
    Field,
    Func,
    Q,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from markrin.db.sql import fetch_prepared


def inherited(column: str, *, variant: str = "v", product: str = "p") -> str:
    """Return the SQL of a variant's price column, or its product's: all of them or none."""
    return (
        f"CASE WHEN {variant}.base_price IS NULL THEN {product}.{column}"
        f" ELSE {variant}.{column} END"
    )


def price_now(*, variant: str = "v", product: str = "p") -> str:
    """Return the SQL of what a variant costs at this moment."""
    columns = ("base_price", "sale_price", "sale_starts_at", "sale_ends_at")
    arguments = (
        inherited(name, variant=variant, product=product) for name in columns
    )
    return f"products_price_at({', '.join(arguments)}, statement_timestamp())"


# What a list shows of the product p: the prices of the cheapest variant that is in stock, else
# of the cheapest, else the product's own; and the highest price of those that it chose from.
COST_JOIN = f"""
    CROSS JOIN LATERAL (
        SELECT base_price, price, max(price) OVER (PARTITION BY rank) AS price_max,
            lowest_prior_price, sale_ends_at
        FROM (
            SELECT CASE WHEN l.sellable > 0 THEN 2 ELSE 1 END AS rank, v.position, v.id,
                {inherited("base_price")} AS base_price, {price_now()} AS price,
                {inherited("lowest_prior_price")} AS lowest_prior_price,
                {inherited("sale_ends_at")} AS sale_ends_at
            FROM products_variant v LEFT JOIN products_stocklevel l ON l.variant_id = v.id
            WHERE v.product_id = p.id AND v.is_active
            UNION ALL
            SELECT 0, 0, p.id, p.base_price, products_price_at(p.base_price, p.sale_price,
                p.sale_starts_at, p.sale_ends_at, statement_timestamp()),
                p.lowest_prior_price, p.sale_ends_at
        ) AS offered
        ORDER BY rank DESC, price, position, id LIMIT 1
    ) AS cost
"""  # noqa: S608 (constants)
# A sale price is below its base price, so a sale is on where the two differ.
COST_COLUMNS = """
    cost.base_price, nullif(cost.price, cost.base_price) AS sale_price, cost.price,
    cost.price_max,
    CASE WHEN cost.price < cost.base_price THEN cost.lowest_prior_price END
        AS lowest_prior_price,
    CASE WHEN cost.price < cost.base_price THEN cost.sale_ends_at END AS sale_ends_at
"""


@dataclass(frozen=True)
class PriceClock:
    """How the stored list prices stand to the present moment.

    `has_moved`: a sale has started or ended, and some stored prices are not written yet.
    `fresh_for_s`: seconds until any list price changes; None if none is going to."""

    has_moved: bool = False
    fresh_for_s: float | None = None


# After a second change that nobody has written either, nothing is kept. Where no change is due,
# `next_until` comes after a `price_until` that is still to come, and changes nothing here: so the
# first one of all is enough, which an index has.
PRICE_CLOCK: Final = """
    SELECT EXISTS (SELECT FROM products_product WHERE price_until <= now.at) AS has_moved,
        extract(epoch FROM least(
            (SELECT min(price_until) FROM products_product WHERE price_until > now.at),
            (SELECT greatest(next_until, now.at) FROM products_product
             WHERE next_until IS NOT NULL ORDER BY next_until LIMIT 1)
        ) - now.at)::float AS fresh_for_s
    FROM (SELECT statement_timestamp() AS at) AS now
"""


def read_price_clock() -> PriceClock:
    """Return how list prices stand to this moment: one query, which reads an index.

    To be asked before prices are read: a sale that starts in between then ends what is kept.
    """
    [row] = fetch_prepared(PRICE_CLOCK, [])
    return PriceClock(row["has_moved"], row["fresh_for_s"])


_MONEY = DecimalField(max_digits=10, decimal_places=2)


_LIST_PRICE = {
    "price": "(SELECT low FROM products_list_price(%(expressions)s))",
    "price_max": "(SELECT high FROM products_list_price(%(expressions)s))",
}


def list_price(column: str) -> Combinable:
    """Return the expression of a product's `price` or `price_max` as it is at this moment,
    also where the stored one has ended.
    """
    later = Func(
        "pk",
        "base_price",
        "sale_price",
        "sale_starts_at",
        "sale_ends_at",
        Now(),
        template=_LIST_PRICE[column],
        output_field=_MONEY,
    )
    return Case(
        When(Q(price_until=None) | Q(price_until__gt=Now()), then=F(column)),
        When(
            Q(next_until=None) | Q(next_until__gt=Now()), then=F(f"next_{column}")
        ),
        default=later,
        output_field=_MONEY,
    )


# Which of a product's prices holds at this moment, and the column that has it.
HOLDING: Final = (
    (Q(price_until=None) | Q(price_until__gt=Now()), "price"),
    (
        Q(price_until__lte=Now()) & (Q(next_until=None) | Q(next_until__gt=Now())),
        "next_price",
    ),
    (Q(price_until__lte=Now(), next_until__lte=Now()), "list_price"),
)


def variant_price() -> Combinable:
    """Return the expression of what a variant costs at this moment."""
    return Func(
        _inherited("base_price", _MONEY),
        _inherited("sale_price", _MONEY),
        _inherited("sale_starts_at", DateTimeField()),
        _inherited("sale_ends_at", DateTimeField()),
        Now(),
        function="products_price_at",
        output_field=_MONEY,
    )


def variant_base_price() -> Combinable:
    """Return the expression of a variant's base price, its own or its product's."""
    return _inherited("base_price", _MONEY)


def _inherited(column: str, field: "Field[Any, Any]") -> Case:
    return Case(
        When(base_price=None, then=F(f"product__{column}")),
        default=F(column),
        output_field=field,
    )
