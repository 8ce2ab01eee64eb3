"""What the tables of the catalogue keep true by triggers; the models' `Meta` names each."""

from markrin.db.declared import Function
from markrin.db.triggers import Trigger, only_grows
from products.models.facet_triggers import LOG_CHANGED

CATEGORY_TREE = Trigger(
    name="products_category_tree",
    when="BEFORE INSERT OR UPDATE OF parent_id, ancestors",
    body="""
DECLARE
    above uuid[] := '{}';
BEGIN
    IF NEW.parent_id IS NOT NULL THEN
        -- Two moves at once could close a circle that neither of them sees.
        PERFORM pg_advisory_xact_lock(hashtext('products_category_tree'));
        SELECT ancestors INTO above FROM products_category WHERE id = NEW.parent_id;
        IF NEW.id = ANY (above) OR NEW.id = NEW.parent_id THEN
            RAISE EXCEPTION 'category % would be its own ancestor', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'category_tree_without_cycles',
                    TABLE = TG_TABLE_NAME;
        END IF;
        IF cardinality(above) >= 8 THEN
            RAISE EXCEPTION 'category % would be too deep', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'category_tree_at_most_8_deep',
                    TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    NEW.ancestors := coalesce(above, '{}') || NEW.id;
    RETURN NEW;
END""",
)

CATEGORY_SUBTREE = Trigger(
    name="products_category_subtree",
    when="AFTER UPDATE OF parent_id, ancestors",
    condition="(old.ancestors IS DISTINCT FROM new.ancestors)",
    body="""
BEGIN
    UPDATE products_category SET ancestors = '{}' WHERE parent_id = NEW.id;
    RETURN NULL;
END""",
)

STOCK_MOVEMENTS_ONLY_GROW = only_grows(
    name="products_stockmovement_append_only",
    constraint="stock_movement_append_only",
    noun="the stock ledger",
    but="""\
    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL
       AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
        RETURN NEW;  -- the account of whoever moved it has gone
    END IF;""",
)

COUNT_REVIEW = Function(
    name="products_review_counters",
    signature="change products_review, step integer",
    returns="void",
    language="sql",
    body="""
    UPDATE products_product SET
        rated_1 = rated_1 + step * (change.rating = 1)::int,
        rated_2 = rated_2 + step * (change.rating = 2)::int,
        rated_3 = rated_3 + step * (change.rating = 3)::int,
        rated_4 = rated_4 + step * (change.rating = 4)::int,
        rated_5 = rated_5 + step * (change.rating = 5)::int,
        fit_small = fit_small + step * (change.fit = 'small')::int,
        fit_true = fit_true + step * (change.fit = 'true')::int,
        fit_large = fit_large + step * (change.fit = 'large')::int
    WHERE id = change.product_id AND change.status = 'published'
""",
)

REVIEWS_COUNTED = Trigger(
    name="products_review_counted",
    when="AFTER INSERT OR DELETE OR UPDATE OF rating, fit, status, product_id",
    body="""
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM products_review_counters(OLD, -1); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM products_review_counters(NEW, 1); END IF;
    RETURN NULL;
END""",
)

# The colours and sizes that a product comes in, and those that can be bought now, stand beside
# the product: facets count them without its variants and their stock. `wanted` are products
# that the caller has locked; variants and levels are read by a statement of its own after that,
# so that of two writers at once the second one sees what the first has left.
_COLORS_AND_SIZES = """
        SELECT each.id,
            coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <> ''), '{}')
                ::varchar[] AS colors,
            coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''), '{}')
                ::varchar[] AS sizes
        FROM unnest(wanted) AS each (id)"""

REFRESH_OPTIONS = Function(
    name="products_refresh_options",
    signature="wanted uuid[]",
    returns="void",
    language="sql",
    body=f"""
    UPDATE products_product AS product SET colors = truth.colors, sizes = truth.sizes
    FROM ({_COLORS_AND_SIZES}
        LEFT JOIN products_variant AS variant
            ON variant.product_id = each.id AND variant.is_active
        GROUP BY each.id
    ) AS truth
    WHERE product.id = truth.id
    AND (product.colors, product.sizes) IS DISTINCT FROM (truth.colors, truth.sizes)
""",  # noqa: S608 (our own text)
)

REFRESH_STOCKED = Function(
    name="products_refresh_stocked",
    signature="wanted uuid[]",
    returns="void",
    language="sql",
    body=f"""
    UPDATE products_product AS product
    SET stocked_colors = truth.colors, stocked_sizes = truth.sizes
    FROM ({_COLORS_AND_SIZES}
        LEFT JOIN (
            products_variant AS variant
            JOIN products_stocklevel AS level
                ON level.variant_id = variant.id AND level.sellable > 0
        ) ON variant.product_id = each.id AND variant.is_active
        GROUP BY each.id
    ) AS truth
    WHERE product.id = truth.id
    AND (product.stocked_colors, product.stocked_sizes)
        IS DISTINCT FROM (truth.colors, truth.sizes)
""",  # noqa: S608 (our own text)
)

_LOCK = "PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;"


def _options_trigger(operation: str, transition: str, refresh: str) -> Trigger:
    """Return the trigger that refreshes the products of changed variants. It runs once for each
    statement, so that an import of a thousand variants writes their products once.
    """
    return Trigger(
        name=f"products_variant_options_{operation}",
        when=f"AFTER {operation.upper()}",
        for_each="STATEMENT",
        transition=transition,
        body=f"""
DECLARE
    wanted uuid[];
BEGIN
    SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed;
    {_LOCK}
    {refresh}
    {LOG_CHANGED}
    RETURN NULL;
END""",  # noqa: S608 (our own text)
    )


_BOTH = """PERFORM products_refresh_options(wanted);
    PERFORM products_refresh_stocked(wanted);
    PERFORM products_refresh_prices(wanted);"""
VARIANT_OPTIONS = [
    # a new variant has no stock level
    _options_trigger(
        "insert",
        "NEW TABLE AS changed",
        """PERFORM products_refresh_options(wanted);
    PERFORM products_refresh_prices(wanted);""",
    ),
    _options_trigger("update", "NEW TABLE AS changed", _BOTH),
    _options_trigger("delete", "OLD TABLE AS changed", _BOTH),
]


def _levels(operation: str, transition: str, select: str) -> Trigger:
    """Return the trigger after this operation on stock levels. A delivery writes its products
    once. Whoever moves stock has locked the levels, in variant order; the products follow, in
    their own order, as in products/services/stock.py. Nearly all moves end at the question
    whether anything sold out or came back.
    """
    return Trigger(
        name=f"products_stocklevel_stocked_{operation}",
        when=f"AFTER {operation.upper()}",
        for_each="STATEMENT",
        transition=transition,
        body=f"""
DECLARE
    wanted uuid[];
BEGIN
    {select}
    IF wanted IS NOT NULL THEN
        {_LOCK}
        PERFORM products_refresh_stocked(wanted);
        PERFORM products_refresh_prices(wanted);
        {LOG_CHANGED}
    END IF;
    RETURN NULL;
END""",
    )


STOCKED_OPTIONS = [
    _levels(
        "insert",
        "NEW TABLE AS changed",
        """SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed
    JOIN products_variant AS variant ON variant.id = variant_id WHERE sellable > 0;""",
    ),
    _levels(
        "update",
        "OLD TABLE AS former NEW TABLE AS changed",
        """SELECT array_agg(DISTINCT product_id) INTO wanted FROM changed
    JOIN former USING (variant_id) JOIN products_variant AS variant ON variant.id = variant_id
    WHERE (changed.sellable > 0) <> (former.sellable > 0);""",
    ),
]
