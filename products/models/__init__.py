"""The catalogue's tables: a file per noun."""

from products.models.category import Category, SizeChart, SizeChartEntry
from products.models.feed import Feed, FeedRow
from products.models.product import (
    FormerSlug,
    Product,
    ProductImage,
    SearchWord,
    Variant,
)
from products.models.review import Purchase, Review
from products.models.stock import BackInStockRequest, StockLevel, StockMovement

__all__ = [
    "BackInStockRequest",
    "Category",
    "Feed",
    "FeedRow",
    "FormerSlug",
    "Product",
    "ProductImage",
    "Purchase",
    "Review",
    "SearchWord",
    "SizeChart",
    "SizeChartEntry",
    "StockLevel",
    "StockMovement",
    "Variant",
]
