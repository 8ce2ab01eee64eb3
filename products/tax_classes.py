"""Which tax class a product has, in SQL."""

from typing import Final

# A product's own class, or that of the nearest category above it which names one, or the default.
# For SQL in which `product` and `category` (the product's own) stand.
TAX_CLASS_OF_PRODUCT: Final = """coalesce(product.tax_class_id,
    (SELECT above.tax_class_id FROM products_category AS above
     WHERE above.id = ANY (category.ancestors) AND above.tax_class_id IS NOT NULL
     ORDER BY cardinality(above.ancestors) DESC LIMIT 1),
    (SELECT usual.code FROM products_taxclass AS usual WHERE usual.is_default),
    '')::text"""
