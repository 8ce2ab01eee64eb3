"""What changes in the catalogue: a file per noun, a function per use case."""

from products.services.back_in_stock import adjust_stock, notify_when_back
from products.services.bulk_changes import (
    apply_change,
    choose_products,
    preview_change,
    undo_change,
)
from products.services.categories import (
    create_category,
    delete_category,
    delete_category_image,
    set_category_image,
    update_category,
)
from products.services.images import (
    delete_image,
    link_image,
    order_images,
    update_image,
    upload_image,
)
from products.services.popularity import set_popularity
from products.services.products import (
    archive_product,
    create_product,
    replace_product,
    update_product,
)
from products.services.purchases import forget_purchase, record_purchase
from products.services.reviews import (
    create_review,
    delete_review,
    moderate_review,
    update_review,
)
from products.services.search_words import add_search_words, rebuild_search_words
from products.services.size_charts import (
    create_size_chart,
    delete_size_chart,
    replace_size_chart,
)
from products.services.variants import create_variant, delete_variant, update_variant

__all__ = [
    "add_search_words",
    "adjust_stock",
    "apply_change",
    "archive_product",
    "choose_products",
    "create_category",
    "create_product",
    "create_review",
    "create_size_chart",
    "create_variant",
    "delete_category",
    "delete_category_image",
    "delete_image",
    "delete_review",
    "delete_size_chart",
    "delete_variant",
    "forget_purchase",
    "link_image",
    "moderate_review",
    "notify_when_back",
    "order_images",
    "preview_change",
    "rebuild_search_words",
    "record_purchase",
    "replace_product",
    "replace_size_chart",
    "set_category_image",
    "set_popularity",
    "undo_change",
    "update_category",
    "update_image",
    "update_product",
    "update_review",
    "update_variant",
    "upload_image",
]
