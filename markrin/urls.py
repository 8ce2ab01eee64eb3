"""The map of requests: path to app."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from markrin import files
from markrin.api import problems, views
from markrin.ops import health

handler400 = problems.handler400
handler403 = problems.handler403
handler404 = problems.handler404
handler500 = problems.handler500

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("products.urls")),  # first: each is tried in turn
    path("api/", include("orders.urls")),
    path("api/", include("accounts.urls")),
    path("api/", include("storefront.urls")),
    path("api/", include("analytics.urls")),
    path("api/", include("markrin.webhooks.urls")),
    path("api/errors", views.ErrorKinds.as_view()),
    path("api/errors/<slugid:slug>", views.ErrorKind.as_view()),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs",
        SpectacularSwaggerSplitView.as_view(url_name="schema"),
        name="docs",
    ),
    path("test-gateway/", include("orders.local_gateway_urls")),
    path("admin/", admin.site.urls),
    path("health/live", health.live_probe),
    path("health/ready", health.readiness_probe),
    path("metrics", health.metrics_page),
    re_path(files.MEDIA_PATH, files.serve_media),
    # last: whatever is not of the above is a page of the shop
    path("", include("storefront.page_urls")),
]
