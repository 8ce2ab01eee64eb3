"""What a storefront asks of the shop is kept, and changes at once."""

import pytest
from django.test import Client

from orders.models import ShippingMethod, ShippingZone
from storefront.models import Page
from tests.cache.conftest import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("line"),
]


def test_a_changed_page_or_shipping_method_is_told_at_once(settings) -> None:
    settings.CACHE_ANSWERS = True
    client = Client()
    zone = ShippingZone.objects.create(name="India", countries=["IN"])
    method = ShippingMethod.objects.create(zone=zone, name="Standard", price="50")
    page = Page.objects.create(
        slug="terms", title="Terms", body="x", kind="legal", is_published=True
    )

    def is_kept() -> bool:
        return "hit" in client.get("/api/shop").headers["Cache-Status"]

    def facts() -> tuple[object, list[str]]:
        shown = client.get("/api/shop").json()
        return shown["freeShippingAbove"], [
            each["title"] for each in shown["pages"]
        ]

    until(is_kept)
    assert facts() == (None, ["Terms"])
    method.free_above = "1999"
    method.save()
    assert facts() == ("1999.00", ["Terms"])
    until(is_kept)
    page.title = "Conditions"
    page.save()
    assert facts() == ("1999.00", ["Conditions"])
