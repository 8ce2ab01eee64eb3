"""Orders by telephone: dictated, priced, placed by the very `place_order`, and paid by a link."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from markrin.outbox.models import OutboxEvent
from orders import tasks
from orders.models import Cart, Coupon, DraftOrder, Order, OrderEvent, Promotion
from orders.services import privacy
from products.models import StockLevel
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "/admin/orders/draftorder/add/"


@pytest.fixture
def clerk():
    user = factories.make_user(role="staff", groups=("orders",))
    client = Client()
    client.force_login(user)
    return client


def dictated(articles, **more):
    return {
        "articles": articles,
        "email": "",
        "recipient": "Zubeida Anand",
        "phone": "098765 43210",
        "street": "4 Beach Road",
        "city": "Kozhikode",
        "state": "Kerala",
        "postal_code": "673 001",
        "country": "IN",
        "payment_method": "cod",
        "discount": "",
        "discount_reason": "",
        "note": "",
    } | more


def take_down(client, articles, **more):
    answer = client.post(ADD, dictated(articles, **more))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    draft = DraftOrder.objects.latest("created_at")
    page = reverse("admin:orders_draftorder_change", args=[draft.pk])
    assert answer["Location"] == page
    return draft, client.get(page).content.decode()


def place(client, draft):
    return client.post(
        reverse("admin:orders_draftorder_step", args=[draft.pk, "place"])
    )


def errors_of(answer):
    return answer.context["adminform"].form.errors


def test_an_order_is_dictated_priced_and_placed_without_an_email(clerk):
    variant = factories.make_variant(stock=5, sku="TEE-M")
    barcoded = factories.make_variant(stock=5)
    barcoded.barcode = "4006381333931"
    barcoded.save()
    prices = [each.product.base_price for each in (variant, barcoded)]
    goods = 2 * prices[0] + prices[1]
    draft, page = take_down(
        clerk,
        "tee-m x2\n\n4006381333931",
        discount="50",
        discount_reason="The parcel before came late.",
        note="Ring twice.",
    )
    assert f"{goods - 50:,.2f}" in page or "The parcel before came late." in page
    answer = place(clerk, draft)
    order = Order.objects.get()
    assert answer["Location"] == reverse(
        "admin:orders_order_change", args=[order.pk]
    )
    assert (order.user, order.email, order.phone) == (None, "", "+919876543210")
    assert (order.postal_code, order.state_code) == ("673001", "IN-KL")
    assert (order.subtotal, order.discount) == (goods, Decimal(50))
    assert {line.sku: line.quantity for line in order.lines.all()} == {
        "TEE-M": 2,
        barcoded.sku: 1,
    }
    assert StockLevel.objects.get(variant=variant).reserved == 2
    first, told = OrderEvent.objects.filter(order=order).order_by("id")
    assert (first.actor, first.by) == (
        "staff",
        get_user_model().objects.get(role="staff"),
    )
    assert not told.is_public
    assert told.note.splitlines() == [
        "By telephone.",
        "Discount of 50.00: The parcel before came late.",
        "Ring twice.",
    ]
    assert not DraftOrder.objects.exists()
    assert not Cart.objects.exists()
    assert Coupon.objects.get().used == 1  # nobody uses it again
    assert tasks.confirm_by_mail(order_id=str(order.pk)) is None
    assert mail.outbox == []


def test_a_customers_order_is_theirs_and_goes_to_their_own_address(clerk):
    customer = factories.make_user()
    factories.make_address(user=customer, city="Pune", postal_code="411001")
    own = factories.make_cart_line(customer=customer)  # stays in their own cart
    variant = factories.make_variant(stock=1)
    draft, _ = take_down(
        clerk,
        variant.sku,
        email=customer.email.upper(),
        **dict.fromkeys(("recipient", "phone", "street", "city", "state"), ""),
        postal_code="",
    )
    place(clerk, draft)
    order = Order.objects.get()
    assert (order.user, order.email, order.city) == (
        customer,
        customer.email,
        "Pune",
    )
    assert own.cart.lines.get() == own
    tasks.confirm_by_mail(order_id=str(order.pk))
    assert mail.outbox[0].to == [customer.email]


def test_a_link_to_pay_is_shown_and_mailed(clerk, settings):
    settings.ONLINE_PROVIDER = "test"
    variant = factories.make_variant(stock=1)
    draft, _ = take_down(
        clerk, variant.sku, email="far@example.com", payment_method="online"
    )
    answer = place(clerk, draft)
    order = Order.objects.get()
    assert order.expires_at is not None
    waits = (order.expires_at - order.created_at).total_seconds()
    assert abs(waits - settings.ORDER_LINK_TTL_S) < 60
    page = clerk.get(answer["Location"])
    (told,) = [str(message) for message in page.context["messages"]]
    link = told.rpartition(" ")[2]
    assert link.startswith("http")
    row = OutboxEvent.objects.get(task="orders.payment_link_by_mail")
    tasks.payment_link_by_mail(**row.payload)
    assert mail.outbox[0].to == ["far@example.com"]
    path = link.split("/", 3)[3]
    assert path in mail.outbox[0].body
    # It can be asked for again, while there is something to pay.
    step = reverse("admin:orders_order_step", args=[order.pk, "payment_link"])
    assert clerk.post(step).status_code == 302
    assert OutboxEvent.objects.filter(task=row.task).count() == 2
    factories.move_to(order, "cancelled")
    assert clerk.post(step).status_code == 422
    assert tasks.payment_link_by_mail(**row.payload) is None
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"articles": "NO-SUCH 1"}, "articles", "no SKU or barcode NO-SUCH"),
        ({"articles": "GOOD\nGOOD many"}, "articles", "Line 2"),
        ({"articles": "GOOD 21"}, "articles", "Line 1"),
        ({"articles": "GOOD 15\nGOOD 15"}, None, "at most 20 pieces"),
        ({"postal_code": "12"}, "postal_code", "six digits"),
        ({"phone": "12"}, "phone", "telephone"),
        ({"discount": "10"}, None, "Say why"),
        ({"discount": "-1", "discount_reason": "x"}, None, "discount"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands_and_nothing_is_kept(
    clerk, change, field, text
):
    factories.make_variant(stock=50, sku="GOOD")
    answer = clerk.post(ADD, dictated(**{"articles": "GOOD 1"} | change))
    assert answer.status_code == 200
    found = errors_of(answer).get(field or "__all__", [])
    shown = " ".join([*map(str, found), str(errors_of(answer))])
    assert text.lower() in shown.lower()
    assert not DraftOrder.objects.exists()
    assert not Cart.objects.exists()
    assert not Promotion.objects.exists()


def test_a_refused_order_stays_a_draft_and_can_be_changed_and_discarded(clerk):
    variant = factories.make_variant(stock=1, sku="RARE")
    draft, _ = take_down(clerk, "RARE 2", discount="5", discount_reason="A friend.")
    assert place(clerk, draft).status_code == 422
    assert not Order.objects.exists()
    page = reverse("admin:orders_draftorder_change", args=[draft.pk])
    changed = dictated("RARE 1", discount="7", discount_reason="A good friend.")
    assert clerk.post(page, changed).status_code == 302
    assert [each.amount for each in Promotion.objects.all()] == [Decimal(7)]
    delete = reverse("admin:orders_draftorder_delete", args=[draft.pk])
    assert clerk.post(delete, {"post": "yes"}).status_code == 302
    assert not Cart.objects.exists()
    assert not Promotion.objects.exists()
    assert StockLevel.objects.get(variant=variant).reserved == 0


def test_an_erased_persons_drafts_are_gone(clerk):
    customer = factories.make_user()
    variant = factories.make_variant(stock=1)
    take_down(clerk, variant.sku, email=customer.email)
    with transaction.atomic():
        privacy.erase_customer(user=customer)
    assert not DraftOrder.objects.exists()
