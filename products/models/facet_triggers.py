"""What tells the facets' index of changed products (products/models/facet_index.py)."""

from markrin.db.triggers import Trigger

# What a bitmap is kept of.
COLUMNS = (
    "status", "category_id", "brand", "gender", "material", "in_stock", "is_featured",
    "is_new_arrival", "colors", "sizes", "stocked_colors", "stocked_sizes", "base_price",
)  # fmt: skip
# The list prices of now and from `price_until` on.
PRICES = (
    "price", "price_max", "price_until", "next_price", "next_price_max", "next_until",
)  # fmt: skip

LOG_CHANGED = "INSERT INTO products_facetchange (product_id) SELECT unnest(wanted);"

# As PostgreSQL prints a comparison of these columns.
_CASTS = (
    (("status", "brand", "gender", "material"), "::text"),
    (("colors", "sizes", "stocked_colors", "stocked_sizes"), "::text[]"),
)


def _differs(name: str) -> str:
    old, new = f"old.{name}", f"new.{name}"
    if cast := next((cast for names, cast in _CASTS if name in names), ""):
        old, new = f"({old}){cast}", f"({new}){cast}"
    return f"({old} IS DISTINCT FROM {new})"


# `by_clock`: nothing has happened to it but that a sale has started or ended, as was known.
_LOG_UPDATED = f"""
BEGIN
    INSERT INTO products_facetchange (product_id, by_clock) VALUES (NEW.id, coalesce(
        OLD.price_until <= statement_timestamp()
        AND (NEW.price, NEW.price_max) = (OLD.next_price, OLD.next_price_max)
        AND NEW.price_until IS NOT DISTINCT FROM OLD.next_until
        AND NOT ({" OR ".join(map(_differs, COLUMNS))}), false));
    RETURN NULL;
END"""  # noqa: S608 (constants)

OF_PRODUCT = (
    Trigger(
        name="products_facets_insert",
        when="AFTER INSERT",
        for_each="STATEMENT",
        transition="NEW TABLE AS added",
        body="""
BEGIN
    INSERT INTO products_facetchange (product_id) SELECT id FROM added;
    RETURN NULL;
END""",
    ),
    Trigger(
        name="products_facets_update",
        when="AFTER UPDATE",
        condition=f"({' OR '.join(map(_differs, (*COLUMNS, *PRICES)))})",
        body=_LOG_UPDATED,
    ),
    Trigger(
        name="products_facets_delete",
        when="AFTER DELETE",
        body="""
BEGIN
    INSERT INTO products_facetchange (product_id) VALUES (OLD.id);
    RETURN NULL;
END""",
    ),
)
