"""The URLs of webhooks and events, below `api/`: path to view."""

from django.urls import path

from markrin.webhooks import views

_ONE = "staff/webhooks/<uid:webhook_id>"

urlpatterns = [
    path("events.json", views.EventsDocument.as_view()),
    path("staff/events", views.EventList.as_view()),
    path("staff/webhooks", views.WebhookList.as_view()),
    path(_ONE, views.WebhookDetail.as_view()),
    path(f"{_ONE}/secret", views.WebhookSecret.as_view()),
    path(f"{_ONE}/test", views.WebhookTest.as_view()),
    path(f"{_ONE}/redeliver", views.DeliveriesAgain.as_view()),
    path(f"{_ONE}/deliveries", views.DeliveryList.as_view()),
    path(f"{_ONE}/deliveries/<uid:delivery_id>", views.DeliveryDetail.as_view()),
    path(
        f"{_ONE}/deliveries/<uid:delivery_id>/redeliver",
        views.DeliveryAgain.as_view(),
    ),
]
