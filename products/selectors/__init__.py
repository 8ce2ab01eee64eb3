"""What is read of the catalogue: a function per answer, a file per noun."""

from products.selectors.brands import list_brands
from products.selectors.cards import get_cards
from products.selectors.categories import get_category, list_categories
from products.selectors.products import (
    Listing,
    get_new_slug,
    get_product,
    get_staff_product,
    list_featured,
    list_new_arrivals,
    list_products,
    list_products_by_id,
    list_related,
    list_staff_products,
)
from products.selectors.reviews import (
    get_own_review,
    get_staff_review,
    list_reviews,
    list_staff_reviews,
)
from products.selectors.size_charts import get_size_chart, list_size_charts
from products.selectors.stock import (
    get_staff_variant,
    list_movements,
    list_movements_by_ref,
)

__all__ = [
    "Listing",
    "get_cards",
    "get_category",
    "get_new_slug",
    "get_own_review",
    "get_product",
    "get_size_chart",
    "get_staff_product",
    "get_staff_review",
    "get_staff_variant",
    "list_brands",
    "list_categories",
    "list_featured",
    "list_movements",
    "list_movements_by_ref",
    "list_new_arrivals",
    "list_products",
    "list_products_by_id",
    "list_related",
    "list_reviews",
    "list_size_charts",
    "list_staff_products",
    "list_staff_reviews",
]
