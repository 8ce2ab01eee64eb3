"""Path to view, a line each."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
