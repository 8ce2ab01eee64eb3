"""The catalogue's URLs, below `api/`: path to view."""

from django.urls import path

from products.views import (
    categories,
    collections,
    colors,
    feeds,
    images,
    products,
    reviews,
    size_charts,
    stock,
    variants,
)

urlpatterns = [
    path("search/suggestions", products.SearchSuggestions.as_view()),
    path("products", products.ProductList.as_view()),
    path("products/new-arrivals", products.NewArrivals.as_view()),
    path("products/featured", products.Featured.as_view()),
    path("products/<idorslug:key>", products.ProductDetail.as_view()),
    path("products/<idorslug:key>/related", products.RelatedProducts.as_view()),
    path("products/<uid:product_id>/images", images.ImageList.as_view()),
    path("products/<uid:product_id>/images/order", images.ImageOrder.as_view()),
    path(
        "products/<uid:product_id>/images/<uid:image_id>",
        images.ImageDetail.as_view(),
    ),
    path("products/<uid:product_id>/reviews", reviews.ReviewList.as_view()),
    path("products/<uid:product_id>/reviews/mine", reviews.OwnReview.as_view()),
    path(
        "products/<uid:product_id>/reviews/<uid:review_id>",
        reviews.ReviewDetail.as_view(),
    ),
    path("products/<uid:product_id>/variants", variants.VariantList.as_view()),
    path(
        "products/<uid:product_id>/variants/<uid:variant_id>",
        variants.VariantDetail.as_view(),
    ),
    path(
        "products/<uid:product_id>/variants/<uid:variant_id>/notify",
        variants.VariantNotify.as_view(),
    ),
    path("colors", colors.ColorList.as_view()),
    path("categories", categories.CategoryTree.as_view()),
    path("categories/<idorslug:key>", categories.CategoryDetail.as_view()),
    path("categories/<idorslug:key>/image", categories.CategoryImage.as_view()),
    path("collections", collections.CollectionList.as_view()),
    path("collections/<idorslug:key>", collections.CollectionDetail.as_view()),
    path("staff/collections", collections.StaffCollectionList.as_view()),
    path(
        "staff/collections/<idorslug:key>",
        collections.StaffCollectionDetail.as_view(),
    ),
    path(
        "staff/collections/<idorslug:key>/products",
        collections.CollectionPlaces.as_view(),
    ),
    path("size-charts", size_charts.SizeChartList.as_view()),
    path("size-charts/<idorslug:key>", size_charts.SizeChartDetail.as_view()),
    path("staff/feeds", feeds.FeedList.as_view()),
    path("staff/feeds/<uid:feed_id>", feeds.FeedDetail.as_view()),
    path("staff/feeds/<uid:feed_id>/report", feeds.FeedReport.as_view()),
    path("staff/feeds/<uid:feed_id>/release", feeds.FeedRelease.as_view()),
    path("staff/feeds/<uid:feed_id>/discard", feeds.FeedDiscard.as_view()),
    path("staff/products", products.StaffProductList.as_view()),
    path("staff/products/bulk", products.StaffProductBulk.as_view()),
    path("staff/products/<idorslug:key>", products.StaffProductDetail.as_view()),
    path("staff/reviews", reviews.StaffReviewList.as_view()),
    path("staff/reviews/<uid:review_id>", reviews.StaffReviewDetail.as_view()),
    path(
        "staff/variants/<uid:variant_id>/adjust", stock.StockAdjustments.as_view()
    ),
    path("staff/variants/<uid:variant_id>/stock", stock.StockCounts.as_view()),
    path(
        "staff/variants/<uid:variant_id>/movements", stock.StockMovements.as_view()
    ),
]
