"""The shop's pages: every path that is not another app's."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from storefront.views import assets, pages, product_feeds, search_engines

# Behind all other paths in markrin/urls.py.
_SHOP = (
    r"^(?!(?:api|admin|static|media|health|metrics|test-gateway|assets)(?:/|$)).*$"
)

urlpatterns = [
    # What browsers and feed readers ask for that look at no page's head.
    path("favicon.ico", RedirectView.as_view(url="/favicon.svg", permanent=True)),
    path("robots.txt", search_engines.show_robots),
    path("sitemap.xml", search_engines.show_sitemap_index),
    path("sitemap-<slugid:name>.xml", search_engines.show_sitemap),
    path("feeds/<str:token>/<str:file_name>", product_feeds.show_feed),
    re_path(r"^assets/(?P<name>[\w.-]{1,120})$", assets.show_former_asset),
    re_path(_SHOP, pages.page),
]
