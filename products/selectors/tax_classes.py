"""The tax class of what is on sale."""

from markrin.db.sql import Row, fetch_all
from products.tax_classes import TAX_CLASS_OF_PRODUCT


def list_taxed_prices() -> list[Row]:
    """Return each price of what is on sale, by tax class (its code), with the number of products
    that have it. One query over all published products.
    """
    return fetch_all(f"""
        SELECT tax_class, price, count(*) AS products FROM (
            SELECT {TAX_CLASS_OF_PRODUCT} AS tax_class, product.price
            FROM products_product AS product
            JOIN products_category AS category ON category.id = product.category_id
            WHERE product.status = 'published'
        ) AS priced GROUP BY 1, 2 ORDER BY 1, 2
    """)  # noqa: S608 (a constant)
