"""The catalogue's URLs, below `api/`: path to view."""

from django.urls import path

from products.views import categories, feeds, products, reviews, variants

urlpatterns = [
    path("products", products.ProductList.as_view()),
    path("products/new-arrivals", products.NewArrivals.as_view()),
    path("products/featured", products.Featured.as_view()),
    path("products/<idorslug:key>", products.ProductDetail.as_view()),
    path("products/<idorslug:key>/related", products.RelatedProducts.as_view()),
    path("products/<uid:id>/images", variants.ImageList.as_view()),
    path("products/<uid:id>/images/order", variants.ImageOrder.as_view()),
    path("products/<uid:id>/images/<uid:image_id>", variants.ImageDetail.as_view()),
    path("products/<uid:id>/reviews", reviews.ReviewList.as_view()),
    path("products/<uid:id>/reviews/mine", reviews.OwnReview.as_view()),
    path("products/<uid:id>/reviews/<uid:review_id>", reviews.ReviewDetail.as_view()),
    path("products/<uid:id>/variants", variants.VariantList.as_view()),
    path(
        "products/<uid:id>/variants/<uid:variant_id>", variants.VariantDetail.as_view()
    ),
    path(
        "products/<uid:id>/variants/<uid:variant_id>/notify",
        variants.VariantNotify.as_view(),
    ),
    path("categories", categories.CategoryTree.as_view()),
    path("categories/<idorslug:key>", categories.CategoryDetail.as_view()),
    path("categories/<idorslug:key>/image", categories.CategoryImage.as_view()),
    path("size-charts", categories.SizeChartList.as_view()),
    path("size-charts/<idorslug:key>", categories.SizeChartDetail.as_view()),
    path("staff/feeds", feeds.FeedList.as_view()),
    path("staff/feeds/<uid:id>", feeds.FeedDetail.as_view()),
    path("staff/feeds/<uid:id>/report", feeds.FeedReport.as_view()),
    path("staff/feeds/<uid:id>/release", feeds.FeedRelease.as_view()),
    path("staff/feeds/<uid:id>/discard", feeds.FeedDiscard.as_view()),
    path("staff/products", products.StaffProductList.as_view()),
    path("staff/products/<idorslug:key>", products.StaffProductDetail.as_view()),
    path("staff/reviews", reviews.StaffReviewList.as_view()),
    path("staff/reviews/<uid:id>", reviews.StaffReviewDetail.as_view()),
    path("staff/variants/<uid:id>/adjust", variants.StockAdjustments.as_view()),
    path("staff/variants/<uid:id>/movements", variants.StockMovements.as_view()),
]
