"""The catalogue's URLs, below `api/`: path to view."""

from django.urls import path

from products import views
from products.views import feeds

urlpatterns = [
    path("products", views.ProductList.as_view()),
    path("products/new-arrivals", views.NewArrivals.as_view()),
    path("products/featured", views.Featured.as_view()),
    path("products/<idorslug:key>", views.ProductDetail.as_view()),
    path("products/<idorslug:key>/related", views.RelatedProducts.as_view()),
    path("products/<uid:id>/images", views.ImageList.as_view()),
    path("products/<uid:id>/images/order", views.ImageOrder.as_view()),
    path("products/<uid:id>/images/<uid:image_id>", views.ImageDetail.as_view()),
    path("products/<uid:id>/reviews", views.ReviewList.as_view()),
    path("products/<uid:id>/reviews/mine", views.OwnReview.as_view()),
    path("products/<uid:id>/reviews/<uid:review_id>", views.ReviewDetail.as_view()),
    path("products/<uid:id>/variants", views.VariantList.as_view()),
    path("products/<uid:id>/variants/<uid:variant_id>", views.VariantDetail.as_view()),
    path(
        "products/<uid:id>/variants/<uid:variant_id>/notify",
        views.VariantNotify.as_view(),
    ),
    path("categories", views.CategoryTree.as_view()),
    path("categories/<idorslug:key>", views.CategoryDetail.as_view()),
    path("categories/<idorslug:key>/image", views.CategoryImage.as_view()),
    path("size-charts", views.SizeChartList.as_view()),
    path("size-charts/<idorslug:key>", views.SizeChartDetail.as_view()),
    path("staff/feeds", feeds.FeedList.as_view()),
    path("staff/feeds/<uid:id>", feeds.FeedDetail.as_view()),
    path("staff/feeds/<uid:id>/report", feeds.FeedReport.as_view()),
    path("staff/feeds/<uid:id>/release", feeds.FeedRelease.as_view()),
    path("staff/feeds/<uid:id>/discard", feeds.FeedDiscard.as_view()),
    path("staff/products", views.StaffProductList.as_view()),
    path("staff/products/<idorslug:key>", views.StaffProductDetail.as_view()),
    path("staff/reviews", views.StaffReviewList.as_view()),
    path("staff/reviews/<uid:id>", views.StaffReviewDetail.as_view()),
    path("staff/variants/<uid:id>/adjust", views.StockAdjustments.as_view()),
    path("staff/variants/<uid:id>/movements", views.StockMovements.as_view()),
]
