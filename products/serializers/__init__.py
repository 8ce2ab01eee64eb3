"""What goes out: read-only, a file per noun."""

from products.serializers.categories import (
    Categories,
    Category,
    CategoryLink,
    SizeChart,
    SizeCharts,
)
from products.serializers.products import (
    ProductDetail,
    ProductImage,
    ProductItem,
    ProductItemPage,
    ProductItems,
    ProductPage,
    StaffProductDetail,
    StaffProductItem,
    StaffProductPage,
    StaffVariant,
    StockMovement,
    StockMovementPage,
    Variant,
)
from products.serializers.reviews import (
    OwnReview,
    Review,
    ReviewPage,
    StaffReview,
    StaffReviewPage,
)

__all__ = [
    "Categories",
    "Category",
    "CategoryLink",
    "OwnReview",
    "ProductDetail",
    "ProductImage",
    "ProductItem",
    "ProductItemPage",
    "ProductItems",
    "ProductPage",
    "Review",
    "ReviewPage",
    "SizeChart",
    "SizeCharts",
    "StaffProductDetail",
    "StaffProductItem",
    "StaffProductPage",
    "StaffReview",
    "StaffReviewPage",
    "StaffVariant",
    "StockMovement",
    "StockMovementPage",
    "Variant",
]
