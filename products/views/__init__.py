"""A class per URL, a short method per verb; a file per noun."""

from products.views.categories import (
    CategoryDetail,
    CategoryImage,
    CategoryTree,
    SizeChartDetail,
    SizeChartList,
)
from products.views.products import (
    Featured,
    NewArrivals,
    ProductDetail,
    ProductList,
    RelatedProducts,
    StaffProductDetail,
    StaffProductList,
)
from products.views.reviews import (
    OwnReview,
    ReviewDetail,
    ReviewList,
    StaffReviewDetail,
    StaffReviewList,
)
from products.views.variants import (
    ImageDetail,
    ImageList,
    ImageOrder,
    StockAdjustments,
    StockMovements,
    VariantDetail,
    VariantList,
    VariantNotify,
)

__all__ = [
    "CategoryDetail",
    "CategoryImage",
    "CategoryTree",
    "Featured",
    "ImageDetail",
    "ImageList",
    "ImageOrder",
    "NewArrivals",
    "OwnReview",
    "ProductDetail",
    "ProductList",
    "RelatedProducts",
    "ReviewDetail",
    "ReviewList",
    "SizeChartDetail",
    "SizeChartList",
    "StaffProductDetail",
    "StaffProductList",
    "StaffReviewDetail",
    "StaffReviewList",
    "StockAdjustments",
    "StockMovements",
    "VariantDetail",
    "VariantList",
    "VariantNotify",
]
