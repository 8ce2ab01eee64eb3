"""The rows that paths, bodies and forms of the cases name."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.utils import timezone

from accounts.models import AuthEvent, CustomerGroup, User
from orders.models import (
    Carrier,
    ConfirmedTaxId,
    CustomerRecord,
    DraftOrder,
    GiftCard,
    Holiday,
    Promotion,
    RefusedOrder,
    ReturnRequest,
    ShippingZone,
    TaxRate,
    TaxSettings,
    TaxZone,
)
from orders.models.order_status import PaymentMethod
from orders.services.shipping import write_settings_zone
from products.models import (
    Category,
    Collection,
    Color,
    IgnoredWord,
    Product,
    SearchPin,
    SizeChart,
    SynonymGroup,
    TaxClass,
)
from storefront.models import Page, Redirect
from tests import factories

SHOP = ("products", "accounts", "orders", "storefront")


def make(
    caller: User,
) -> tuple[dict[str, str], dict[type[models.Model], models.Model]]:
    """Return what the cases call by name, and a row of each model that the admin lets one
    change.
    """
    category = factories.make_category(name="Shirts")
    below = factories.make_category(parent=category)
    chart = factories.make_size_chart(
        category=factories.make_category(name="Taken", slug="taken")
    )
    product = factories.make_product(category=category, slug="the-product")
    variant = factories.make_variant(product=product, stock=50)
    factories.make_variant(product=product, size="other")
    sold_out = factories.make_variant(stock=0)
    image = factories.make_image(product=product)
    factories.make_image(product=product)
    review = factories.make_review()
    coupon = factories.make_coupon()
    addresses = [factories.make_address(user=caller) for _ in range(2)]
    ordered = factories.make_variant(stock=2)
    order = factories.make_order(variant=ordered, customer=caller)
    paid = factories.make_order(
        variant=factories.make_variant(), status="delivered", paid=True
    )
    online = factories.make_order(
        variant=factories.make_variant(),
        customer=caller,
        method=PaymentMethod.ONLINE,
    )
    used = factories.make_coupon(code="USED")
    for _ in range(2):
        factories.make_order(variant=factories.make_variant(), coupon_code="USED")
    taxed = factories.make_tax("standard", "18.00", default=True)
    own_class = factories.make_tax("apparel", "5.00")
    zone = TaxZone.objects.create(name="Elsewhere", country="DE")
    for tax_id in ("FR40303265045", "DE136695976"):
        confirmed = ConfirmedTaxId.objects.create(tax_id=tax_id, note="VIES: valid")
    CustomerGroup.objects.create(name="Friends")
    AuthEvent.objects.create(type="login", outcome="success")
    other = factories.make_product(slug="another-product")
    Page.objects.create(slug="start", kind="home", title="Start", body="Welcome.")
    Redirect.objects.create(path="/taken", target="/")
    Carrier.objects.create(name="Taken")
    write_settings_zone()  # else nothing is delivered anywhere but there
    ShippingZone.objects.create(name="Taken", countries=["AE"])
    Holiday.objects.create(day="2026-12-25", name="Christmas")
    Color.objects.create(name="Taken", family="Blue")
    IgnoredWord.objects.create(word="taken")
    SearchPin.objects.create(query="taken", product=product)
    Collection.objects.create(name="Taken", slug="taken")
    refused = RefusedOrder.objects.create(
        limit="order_email",
        sender="a@example.com",
        email="a@example.com",
        pieces=1,
        last_at=timezone.now(),
    )
    asked = ReturnRequest.objects.create(
        order=paid, number=f"{paid.number}-R1", reason="too_small"
    )
    named = {
        "asked": asked,
        "address": addresses[0],
        "second": addresses[1],
        "product": product,
        "variant": variant,
        "image": image,
        "review": review,
        "coupon": coupon,
        "order": order,
        "paid": paid,
        "online": online,
        "line": paid.lines.get(),
        "category": category,
        "below": below,
        "eighth": _eighth(),
        "charted": chart.category,
        "used_coupon": used,
        "sold_out": sold_out.product,
        "none_left": sold_out,
        "ordered": ordered,
        "refunded": paid,
        "refused_order": refused,
        "tax_class": taxed,
    }
    found = {name: str(row.pk) for name, row in named.items()}
    found |= {
        "email": factories.make_user().email,
        "code": "USED",
        "tax_class_code": "standard",
        "group_name": "Friends",
        "zone_name": "India",
        "tax_id": "FR40303265045",
        "category_name": "Taken",
        "category_slug": "taken",
        "product_slug": other.slug,
        "sku": variant.sku,
        "other_sku": sold_out.sku,
        "size": variant.size,
        "now": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    own: dict[type[models.Model], models.Model] = {
        Carrier: Carrier.objects.create(name="Delhivery"),
        ShippingZone: ShippingZone.objects.create(name="Nepal", countries=["NP"]),
        DraftOrder: factories.make_draft(),
        CustomerRecord: CustomerRecord.objects.create(
            user=factories.make_user(), tags=["vip"]
        ),
        Holiday: Holiday.objects.create(day="2027-01-26", name="Republic Day"),
        Category: category,
        Collection: Collection.objects.create(name="Picks", slug="picks"),
        Product: product,
        Color: Color.objects.create(name="Navy", family="Blue", hex="#1b2a4a"),
        SynonymGroup: SynonymGroup.objects.create(words=["saree", "sari"]),
        IgnoredWord: IgnoredWord.objects.create(word="wali"),
        SearchPin: SearchPin.objects.create(query="wedding", product=product),
        SizeChart: factories.make_size_chart(),
        User: factories.make_user(),
        Page: Page.objects.create(
            slug="returns", title="Returns", body="Within a month."
        ),
        Redirect: Redirect.objects.create(
            path="/old-page", target="/pages/returns"
        ),
        TaxClass: own_class,
        TaxRate: own_class.rates.get(),
        TaxZone: zone,
        TaxSettings: TaxSettings.objects.get(),
        ConfirmedTaxId: confirmed,
        GiftCard: factories.make_gift_card()[0],
        CustomerGroup: CustomerGroup.objects.create(name="Wholesale"),
    }
    return found, {**own, Promotion: coupon.promotion}


def _eighth() -> Category:
    category = None
    for _ in range(8):
        category = factories.make_category(parent=category)
    assert category is not None
    return category


def changeable(request: Any) -> set[type[models.Model]]:
    """Return the shop's models whose rows the admin lets one change by a form."""
    pages = admin.site._registry.items()
    return {
        model
        for model, page in pages
        if model._meta.app_label in SHOP and page.has_change_permission(request)
    }
