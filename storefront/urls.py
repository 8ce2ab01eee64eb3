"""The storefront's URLs, below `api/`: path to view."""

from django.urls import path

from storefront.views import api

urlpatterns = [
    path("shop", api.ShopDetail.as_view()),
    path("pages/<pageslug:slug>", api.PageDetail.as_view()),
]
