"""What tells the facets' index of changed products (products/models/facet_index.py)."""

from markrin.db.triggers import Trigger

# What a bitmap is kept of.
COLUMNS = (
    "status", "category_id", "brand", "gender", "material", "in_stock", "is_featured",
    "is_new_arrival", "colors", "sizes", "stocked_colors", "stocked_sizes", "base_price", "price",
    "price_max",
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


_LOG_ONE = """
BEGIN
    INSERT INTO products_facetchange (product_id) VALUES ({row}.id);
    RETURN NULL;
END"""

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
        condition=f"({' OR '.join(map(_differs, COLUMNS))})",
        body=_LOG_ONE.format(row="NEW"),
    ),
    Trigger(
        name="products_facets_delete",
        when="AFTER DELETE",
        body=_LOG_ONE.format(row="OLD"),
    ),
)
