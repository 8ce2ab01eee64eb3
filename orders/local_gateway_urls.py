"""The test gateway's page; not below `api/`, as a real provider's would not be."""

from django.urls import path

from orders.views import local_gateway

urlpatterns = [
    path(
        "pay/<uid:payment_id>/<slugid:token>",
        local_gateway.pay,
        name="test-gateway",
    )
]
