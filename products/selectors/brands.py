"""The catalogue's brands, as what is typed into a form begins."""

from markrin.db.sql import fetch_all

MAX_BRANDS = 20

# Leaps from brand to brand along the index of published products, rather than read every product.
_BRANDS = """
    WITH RECURSIVE brands AS (
        (SELECT brand FROM products_product WHERE status = 'published'
            AND brand > '' ORDER BY brand LIMIT 1)
        UNION ALL
        SELECT (SELECT brand FROM products_product WHERE status = 'published'
            AND brand > brands.brand
                ORDER BY brand LIMIT 1)
        FROM brands WHERE brands.brand IS NOT NULL
    )
    SELECT brand FROM brands WHERE brand IS NOT NULL
        AND starts_with(lower(brand), lower(%s)) ORDER BY brand LIMIT %s
"""


def list_brands(start: str) -> list[str]:
    """Return the first MAX_BRANDS brands of published products that begin so, whatever the case:
    one query.
    """
    return [
        row["brand"]
        for row in fetch_all(
            _BRANDS, [start.strip().replace("\0", "")[:80], MAX_BRANDS]
        )
    ]
