"""What products and variants cost at a moment, and what PostgreSQL keeps beside them of it.

A sale holds from its start up to its end. A variant without a base price of its own costs what
its product does. A list shows the lowest price of what can be bought: of the active variants
that are in stock, else of all active ones, else of the product itself.

Lists sort and filter by `price`, which is stored up to the next moment at which a sale starts
or ends (`price_until`); `next_price` is what follows then. So a list is right at that moment,
whether or not anybody has come round to write the new price.
"""

from markrin.db.declared import Function
from markrin.db.triggers import Trigger

_SALE = "base numeric, sale numeric, starts timestamp with time zone, ends timestamp with time zone"

PRICE_AT = Function(
    name="products_price_at",
    signature=f"{_SALE}, moment timestamp with time zone",
    returns="numeric",
    language="sql",
    options="IMMUTABLE PARALLEL SAFE",
    body="""
    SELECT CASE WHEN sale IS NOT NULL AND (starts IS NULL OR starts <= moment)
        AND (ends IS NULL OR moment < ends) THEN sale ELSE base END
""",
)

# The next moment after this one at which the price may change; null where it never does.
PRICE_CHANGE_AFTER = Function(
    name="products_price_change_after",
    signature=(
        "sale numeric, starts timestamp with time zone, ends timestamp with time zone,"
        " moment timestamp with time zone"
    ),
    returns="timestamp with time zone",
    language="sql",
    options="IMMUTABLE PARALLEL SAFE",
    body="""
    SELECT CASE WHEN sale IS NOT NULL THEN least(
        CASE WHEN starts > moment THEN starts END, CASE WHEN ends > moment THEN ends END) END
""",
)

# `own` are the product's own prices, which are not in its row yet while a trigger runs.
LIST_PRICE = Function(
    name="products_list_price",
    signature=(
        "wanted uuid, own_base numeric, own_sale numeric,"
        " own_starts timestamp with time zone, own_ends timestamp with time zone,"
        " moment timestamp with time zone, OUT low numeric, OUT high numeric,"
        " OUT until timestamp with time zone"
    ),
    returns="record",
    options="STABLE",
    body="""
BEGIN
    SELECT coalesce(min(price) FILTER (WHERE stocked), min(price)),
        coalesce(max(price) FILTER (WHERE stocked), max(price)), min(change)
    INTO low, high, until
    FROM (
        SELECT coalesce(level.sellable > 0, false) AS stocked,
            CASE WHEN variant.base_price IS NULL
                THEN products_price_at(own_base, own_sale, own_starts, own_ends, moment)
                ELSE products_price_at(variant.base_price, variant.sale_price,
                    variant.sale_starts_at, variant.sale_ends_at, moment) END AS price,
            CASE WHEN variant.base_price IS NULL
                THEN products_price_change_after(own_sale, own_starts, own_ends, moment)
                ELSE products_price_change_after(variant.sale_price, variant.sale_starts_at,
                    variant.sale_ends_at, moment) END AS change
        FROM products_variant AS variant
        LEFT JOIN products_stocklevel AS level ON level.variant_id = variant.id
        WHERE variant.product_id = wanted AND variant.is_active
    ) AS offered;
    IF low IS NULL THEN
        low := products_price_at(own_base, own_sale, own_starts, own_ends, moment);
        high := low;
        until := products_price_change_after(own_sale, own_starts, own_ends, moment);
    END IF;
END""",
)

# Source: Directive 98/6/EC, article 6a: the lowest price of the 30 days before the reduction.
LOWEST_PRIOR_PRICE = Function(
    name="products_lowest_prior_price",
    signature="of_product uuid, of_variant uuid, began timestamp with time zone",
    returns="numeric",
    options="STABLE",
    body="""
DECLARE
    lowest numeric;
BEGIN
    SELECT min(least(
        CASE WHEN NOT (span <@ sale) THEN base_price END,
        CASE WHEN span && sale THEN sale_price END
    )) INTO lowest
    FROM (
        SELECT base_price, sale_price,
            tstzrange(greatest(valid_from, began - interval '30 days'),
                least(valid_until, began)) AS span,
            CASE WHEN sale_price IS NULL THEN 'empty'::tstzrange
                ELSE tstzrange(sale_starts_at, sale_ends_at) END AS sale
        FROM products_pricehistory
        WHERE product_id = of_product AND variant_id IS NOT DISTINCT FROM of_variant
        AND valid_until > began - interval '30 days' AND valid_from < began
        AND valid_from < valid_until
    ) AS past;
    RETURN lowest;
END""",
)


def _remember(product: str, variant: str) -> str:
    """Return the part of a trigger that notes the former prices, and what follows from them
    for a sale that begins.
    """
    return f"""
    IF TG_OP = 'INSERT' THEN
        NEW.priced_at := moment;
        NEW.lowest_prior_price := NULL;
    ELSIF (NEW.base_price, NEW.sale_price, NEW.sale_starts_at, NEW.sale_ends_at)
        IS DISTINCT FROM (OLD.base_price, OLD.sale_price, OLD.sale_starts_at, OLD.sale_ends_at)
    THEN
        IF OLD.base_price IS NOT NULL THEN
            INSERT INTO products_pricehistory (product_id, variant_id, base_price, sale_price,
                sale_starts_at, sale_ends_at, valid_from, valid_until)
            VALUES ({product}, {variant}, OLD.base_price, OLD.sale_price, OLD.sale_starts_at,
                OLD.sale_ends_at, least(OLD.priced_at, moment), moment);
        END IF;
        NEW.priced_at := moment;
        IF NEW.sale_price IS NULL THEN
            NEW.lowest_prior_price := NULL;
        ELSIF products_price_at(OLD.base_price, OLD.sale_price, OLD.sale_starts_at,
                OLD.sale_ends_at, moment) < OLD.base_price
            AND products_price_at(NEW.base_price, NEW.sale_price, NEW.sale_starts_at,
                NEW.sale_ends_at, moment) < NEW.base_price
        THEN
            -- One reduction after another: what counts is the price before the first.
            NEW.lowest_prior_price := OLD.lowest_prior_price;
        ELSE
            began := greatest(moment, NEW.sale_starts_at);
            NEW.lowest_prior_price := products_lowest_prior_price({product}, {variant}, began);
            IF began > moment THEN
                NEW.lowest_prior_price := least(NEW.lowest_prior_price, NEW.base_price);
            END IF;
        END IF;
    END IF;"""  # noqa: S608 (constants)


PRODUCT_PRICES = Trigger(
    name="products_product_prices",
    when="BEFORE INSERT OR UPDATE OF base_price, sale_price, sale_starts_at, sale_ends_at",
    body=f"""
DECLARE
    moment timestamp with time zone := statement_timestamp();
    began timestamp with time zone;
    found record;
BEGIN{_remember("NEW.id", "NULL")}
    found := products_list_price(NEW.id, NEW.base_price, NEW.sale_price, NEW.sale_starts_at,
        NEW.sale_ends_at, moment);
    NEW.price := found.low;
    NEW.price_max := found.high;
    NEW.price_until := found.until;
    NEW.next_price := NULL;
    NEW.next_price_max := NULL;
    NEW.next_until := NULL;
    IF NEW.price_until IS NOT NULL THEN
        found := products_list_price(NEW.id, NEW.base_price, NEW.sale_price,
            NEW.sale_starts_at, NEW.sale_ends_at, NEW.price_until);
        NEW.next_price := found.low;
        NEW.next_price_max := found.high;
        NEW.next_until := found.until;
    END IF;
    RETURN NEW;
END""",
)

VARIANT_PRICES = Trigger(
    name="products_variant_prices",
    when="BEFORE INSERT OR UPDATE OF base_price, sale_price, sale_starts_at, sale_ends_at",
    body=f"""
DECLARE
    moment timestamp with time zone := statement_timestamp();
    began timestamp with time zone;
BEGIN{_remember("NEW.product_id", "NEW.id")}
    RETURN NEW;
END""",
)

# Writes anew the list prices of those of these products where they are not, or no longer, what
# the variants and their stock say. An UPDATE of a price runs the product's trigger.
REFRESH_PRICES = Function(
    name="products_refresh_prices",
    signature="wanted uuid[]",
    returns="void",
    body="""
BEGIN
    UPDATE products_product AS product SET base_price = base_price
    WHERE id = ANY (wanted) AND NOT EXISTS (
        SELECT FROM products_list_price(product.id, product.base_price, product.sale_price,
            product.sale_starts_at, product.sale_ends_at, statement_timestamp()) AS truth
        WHERE (truth.low, truth.high) = (product.price, product.price_max)
        AND truth.until IS NOT DISTINCT FROM product.price_until
        AND (truth.until IS NULL OR EXISTS (
            SELECT FROM products_list_price(product.id, product.base_price,
                product.sale_price, product.sale_starts_at, product.sale_ends_at,
                truth.until) AS later
            WHERE (later.low, later.high) = (product.next_price, product.next_price_max)
            AND later.until IS NOT DISTINCT FROM product.next_until)));
END""",
)

OF_PRODUCT = [
    PRICE_AT,
    PRICE_CHANGE_AFTER,
    LIST_PRICE,
    LOWEST_PRIOR_PRICE,
    PRODUCT_PRICES,
]
OF_VARIANT = [VARIANT_PRICES, REFRESH_PRICES]
