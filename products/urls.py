"""The catalogue's URLs, below `api/`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
