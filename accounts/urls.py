"""The map of requests around accounts: path → view."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
