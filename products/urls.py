"""The catalogue's URLs, below `api/`: path to view."""

from django.urls import include, path

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

_products = [
    path("new-arrivals", products.NewArrivals.as_view()),
    path("featured", products.Featured.as_view()),
    path("<idorslug:key>", products.ProductDetail.as_view()),
    path("<idorslug:key>/related", products.RelatedProducts.as_view()),
    path("<uid:product_id>/images", images.ImageList.as_view()),
    path("<uid:product_id>/images/order", images.ImageOrder.as_view()),
    path("<uid:product_id>/images/<uid:image_id>", images.ImageDetail.as_view()),
    path("<uid:product_id>/reviews", reviews.ReviewList.as_view()),
    path("<uid:product_id>/reviews/mine", reviews.OwnReview.as_view()),
    path(
        "<uid:product_id>/reviews/<uid:review_id>", reviews.ReviewDetail.as_view()
    ),
    path("<uid:product_id>/variants", variants.VariantList.as_view()),
    path(
        "<uid:product_id>/variants/<uid:variant_id>",
        variants.VariantDetail.as_view(),
    ),
    path(
        "<uid:product_id>/variants/<uid:variant_id>/notify",
        variants.VariantNotify.as_view(),
    ),
]
_staff = [
    path("collections", collections.StaffCollectionList.as_view()),
    path("collections/<idorslug:key>", collections.StaffCollectionDetail.as_view()),
    path(
        "collections/<idorslug:key>/products",
        collections.CollectionPlaces.as_view(),
    ),
    path("feeds", feeds.FeedList.as_view()),
    path("feeds/<uid:feed_id>", feeds.FeedDetail.as_view()),
    path("feeds/<uid:feed_id>/report", feeds.FeedReport.as_view()),
    path("feeds/<uid:feed_id>/release", feeds.FeedRelease.as_view()),
    path("feeds/<uid:feed_id>/discard", feeds.FeedDiscard.as_view()),
    path("products", products.StaffProductList.as_view()),
    path("products/bulk", products.StaffProductBulk.as_view()),
    path("products/<idorslug:key>", products.StaffProductDetail.as_view()),
    path("reviews", reviews.StaffReviewList.as_view()),
    path("reviews/<uid:review_id>", reviews.StaffReviewDetail.as_view()),
    path("variants/<uid:variant_id>/adjust", stock.StockAdjustments.as_view()),
    path("variants/<uid:variant_id>/stock", stock.StockCounts.as_view()),
    path("variants/<uid:variant_id>/movements", stock.StockMovements.as_view()),
]
# Each is tried in turn: what begins alike stands together, and costs the others one try.
urlpatterns = [
    path("search/suggestions", products.SearchSuggestions.as_view()),
    path("products", products.ProductList.as_view()),
    path("products/", include(_products)),
    path("colors", colors.ColorList.as_view()),
    path("categories", categories.CategoryTree.as_view()),
    path("categories/<idorslug:key>", categories.CategoryDetail.as_view()),
    path("categories/<idorslug:key>/image", categories.CategoryImage.as_view()),
    path("collections", collections.CollectionList.as_view()),
    path("collections/<idorslug:key>", collections.CollectionDetail.as_view()),
    path("staff/", include(_staff)),
    path("size-charts", size_charts.SizeChartList.as_view()),
    path("size-charts/<idorslug:key>", size_charts.SizeChartDetail.as_view()),
]
