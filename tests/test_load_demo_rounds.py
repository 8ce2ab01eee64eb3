"""A large demo's trade, which Python makes once and PostgreSQL repeats among other people."""

from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Count, Sum

from demo import catalogue, load
from demo.people import make_people
from demo.plan import Plan
from demo.sale import STATE
from demo.twins import ROUNDS, Twins
from markrin.outbox.models import OutboxEvent
from orders.models import (
    Coupon,
    Fulfilment,
    Invoice,
    InvoiceLine,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    Refund,
)
from products.models import Product, StockMovement

TODAY = date(2026, 11, 20)
SCALE = 60


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Load a demo as a large one, once."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "MANY_PRODUCTS", 1)
        call_command("flush", interactive=False, verbosity=0)
        out = StringIO()
        call_command(
            "load_demo", "--scale", str(SCALE), stdout=out, force=True, today=TODAY
        )
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def orders(loaded: None, db: None) -> list[Order]:
    """Return the orders by their numbers."""
    return list(Order.objects.order_by("number"))


def test_every_rule_holds(orders: list[Order]) -> None:
    for part in ("constraints", "products", "orders", "accounts", "analytics"):
        out = StringIO()
        call_command("verify", "--only", part, stdout=out, stderr=out)
        assert "nothing is wrong" in out.getvalue()


def test_a_round_has_its_own_people_and_numbers(orders: list[Order]) -> None:
    numbers = [f"MK-2026-{number:06d}" for number in range(1, 5 * SCALE + 1)]
    assert [order.number for order in orders] == numbers
    assert len({order.pk for order in orders}) == len(orders)
    for start in range(0, len(orders), ROUNDS):
        alike = orders[start : start + ROUNDS]
        for same in ("created_at", "status", "total", "tax", "state", "shipped_at"):
            assert len({getattr(order, same) for order in alike}) == 1
        assert len({order.email for order in alike}) == ROUNDS
        customers = [order for order in alike if order.user_id]
        assert len(customers) in {0, ROUNDS}
        for order in customers:
            assert order.user is not None
            assert order.email == order.user.email
            assert order.recipient == f"{order.user.name} {order.user.last_name}"
            assert order.user.created_at <= order.created_at
    guests = [order for order in orders if not order.user_id]
    assert guests
    for order in guests:
        assert order.email == f"guest.{int(order.number[8:])}@markrin.example"
    assert len({bytes(order.guest_token_hash or b"") for order in guests}) == len(
        guests
    )


def test_a_line_is_of_its_product(orders: list[Order]) -> None:
    lines = OrderLine.objects.select_related("variant", "product", "order")
    assert lines.count() > len(orders)
    for line in lines:
        variant, product = line.variant, line.product
        assert variant is not None
        assert product is not None
        assert variant.product_id == product.pk
        assert (line.name, line.sku) == (product.name, variant.sku)
        assert (line.size, line.color) == (variant.size, variant.color)
        assert line.category_id == product.category_id
        assert line.unit_price == product.price
        assert product.created_at <= line.order.created_at


def test_papers_name_their_own_order(orders: list[Order]) -> None:
    made = Invoice.objects.select_related("order", "fulfilment", "original__order")
    assert made.filter(kind="credit_note").exists()
    for invoice in made:
        order = invoice.order
        assert order is not None
        assert invoice.data["order_number"] == order.number
        assert invoice.data["buyer"]["name"] == order.recipient
        assert invoice.data["buyer"]["address"][0] == order.street
        if invoice.fulfilment:
            assert invoice.fulfilment.order_id == order.pk
            assert invoice.cause == f"parcel:{invoice.fulfilment.pk}"
        else:
            assert invoice.original is not None
            assert invoice.original.order_id == order.pk
            assert invoice.cause == f"credit:{order.pk}"
    for item in InvoiceLine.objects.exclude(line=None).select_related(
        "line__order", "invoice", "original__invoice"
    ):
        assert item.line is not None
        kind = ", ".join(filter(None, (item.line.size, item.line.color)))
        assert item.name == f"{item.line.name} ({kind})"
        assert item.line.order_id == item.invoice.order_id
        if item.original:
            assert item.original.line_id == item.line_id
    for parcel in Fulfilment.objects.select_related("order"):
        number = int(parcel.order.number[8:])
        assert parcel.tracking_number == str(number * 7919 + 10**9)
        assert parcel.tracking_url.endswith(parcel.tracking_number)
    for payment in Payment.objects.filter(provider="test").select_related("order"):
        assert payment.provider_ref == f"demo_{int(payment.order.number[8:])}"


def test_stock_and_coupons_count_all_rounds(orders: list[Order]) -> None:
    reserved = dict(
        OrderLine.objects.filter(
            order__status__in=("pending", "confirmed", "processing")
        )
        .values_list("variant")
        .annotate(Sum("quantity"))
    )
    moved = StockMovement.objects.values_list("variant").annotate(
        n=Sum("d_reserved")
    )
    assert {variant: n for variant, n in moved if n} == reserved
    for coupon in Coupon.objects.annotate(n=Count("promotion__discounts")):
        assert coupon.used == coupon.n
    assert Coupon.objects.filter(used__gt=ROUNDS).exists()
    since = Plan(TODAY).midnight - timedelta(days=30)
    sold = (
        OrderLine.objects.filter(order__created_at__gt=since)
        .exclude(order__status="cancelled")
        .values_list("product")
        .annotate(Sum("quantity"))
    )
    popular = Product.objects.filter(popularity__gt=0)
    assert dict(sold) == dict(popular.values_list("pk", "popularity"))


def test_first_movements_of_stock_are_written_by_their_time(
    orders: list[Order],
) -> None:
    first = StockMovement.objects.filter(kind="initial").order_by("pk")
    moments = list(first.values_list("created_at", flat=True))
    assert len(moments) == 6 * SCALE
    assert moments == sorted(moments)


def test_what_happened_to_an_order_was_done_by_its_own_customer(
    orders: list[Order],
) -> None:
    customers = {order.user_id for order in orders if order.user_id}
    events = OrderEvent.objects.filter(by__in=customers).select_related("order")
    assert events.exists()
    for event in events:
        assert event.by_id == event.order.user_id
    refunds = Refund.objects.exclude(provider_ref="").select_related("payment")
    assert refunds.exists()
    for refund in refunds:
        assert refund.payment is not None
        assert refund.payment.order_id == refund.order_id
        assert refund.provider_ref == f"{refund.payment.provider_ref}_refund"


def test_a_confirmation_is_of_its_order(orders: list[Order]) -> None:
    moments = {str(order.pk): order.created_at for order in orders}
    jobs = OutboxEvent.objects.filter(payload__has_key="order_id")
    named = [job.payload["order_id"] for job in jobs]
    assert len(named) == len(set(named)) > ROUNDS
    for job, order_id in zip(jobs, named, strict=True):
        assert job.key.endswith(order_id)
        assert job.created_at == moments[order_id]


def test_a_twin_was_there_earlier_and_costs_the_same() -> None:
    plan = Plan(TODAY, 500, scaled=True)
    articles = sorted(
        catalogue.make_articles(plan), key=lambda each: each.created_at
    )
    everyone, classes = make_people(plan), catalogue.tax_classes()
    twins = Twins(ROUNDS, articles, everyone, classes)
    placed = []
    for leader in twins.leaders:
        people = twins.list_people(leader)
        assert people[0] is leader
        assert {each.address[STATE] for each in people} == {leader.address[STATE]}
        assert max(each.created_at for each in people) == leader.created_at
        placed += [each.number for each in people]
    assert len(placed) == len(set(placed)) > 0.8 * len(everyone)
    found = set()
    for article in twins.sold:
        alike = twins.list_articles(article)
        assert len(alike) == ROUNDS
        assert alike[0] is article
        assert {each.price for each in alike} == {article.price}
        kinds = {classes[each.garment.category] for each in alike}
        assert kinds == {classes[article.garment.category]}
        assert max(each.created_at for each in alike) == article.created_at
        assert {len(each.choices) for each in alike} == {len(article.choices)}
        found |= {each.number for each in alike}
    assert found == {article.number for article in articles}
