"""Path to view, a line each."""

from django.urls import path

from analytics import views

urlpatterns = [
    path("analytics/events", views.EventList.as_view()),
    path("staff/stats", views.StatsDetail.as_view()),
    path("staff/reports/<slugid:name>", views.ReportDetail.as_view()),
]
