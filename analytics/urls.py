"""Path to view, a line each."""

from django.urls import path

from analytics import views

urlpatterns = [
    path("analytics/events", views.Events.as_view()),
    path("staff/stats", views.Stats.as_view()),
    path("staff/reports/<slugid:name>", views.Report.as_view()),
]
