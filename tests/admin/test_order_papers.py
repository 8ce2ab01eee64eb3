"""What the order desk prints: packing slips, labels with what is to be collected, the pick list."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders import labels, queues
from orders.models import Order
from orders.models.fulfilment import ParcelStatus
from orders.services import fulfilments, transitions
from orders.services.lifecycle import Actor
from orders.staff_schemas import (
    Parcel,
    ParcelMove,
    ParcelPieces,
    PiecesCancellation,
)
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
STAFF = Actor("staff")


@pytest.fixture
def packer():
    client = Client()
    client.force_login(factories.make_user(role="staff", groups=("orders",)))
    return client


def paper(kind):
    return reverse("admin:orders_order_print", args=[kind])


def pieces(order, n, ship=False):
    lines = [ParcelPieces(line_id=order.lines.get().pk, quantity=n)]
    return fulfilments.create_parcel(
        Parcel(lines=lines, ship=ship), order_id=order.pk, actor=STAFF
    )


def test_a_slip_for_each_packed_parcel_in_the_customers_language(packer):
    order = factories.make_order(
        variant=factories.make_variant(stock=5), quantity=3, status="confirmed"
    )
    text = packer.post(paper("slips"), {"order": str(order.pk)}).content.decode()
    assert text.count('class="sheet slip"') == 1  # what is to be packed
    pieces(order, 1)
    pieces(order, 2)
    Order.objects.filter(pk=order.pk).update(language="hi")
    page = packer.get(paper("slips"), {"order": str(order.pk)})
    text = page.content.decode()
    assert text.count('class="sheet slip"') == 2
    assert re.findall(r'<td class="n">(\d+)</td>', text) == ["1", "2"]
    assert "पैकिंग पर्ची" in text
    assert f"{order.number} · 2" in text
    assert "no-store" in page["Cache-Control"]


def test_labels_together_collect_what_is_owed_and_nothing_of_what_is_paid(packer):
    variant = factories.make_variant(stock=9)
    order = factories.make_order(variant=variant, quantity=4, status="confirmed")
    line = order.lines.get()
    cancelled = [ParcelPieces(line_id=line.pk, quantity=1)]
    transitions.cancel_pieces(
        PiecesCancellation(lines=cancelled, reason="One is torn."),
        order_id=order.pk,
        actor=STAFF,
    )
    first, rest = pieces(order, 1), pieces(order, 2)
    loaded = queues.load_orders(Order.objects.filter(pk=order.pk)).get()
    cash = [labels.count_cash(loaded, parcel) for parcel in (first, rest)]
    assert sum(each or 0 for each in cash) == loaded.payable
    assert cash[1] == 2 * line.unit_price
    # Cards pay the first parcel, and 1 of the next.
    loaded.gift_card_amount = (cash[0] or Decimal(0)) + 1
    assert [labels.count_cash(loaded, each) for each in (first, rest)] == [
        None,
        (cash[1] or Decimal(0)) - 1,
    ]
    text = packer.get(paper("labels"), {"order": str(order.pk)}).content.decode()
    assert text.count("Collect in cash") == 2
    assert f"{cash[1]:,.2f}" in text
    assert "Asha Rao" in text

    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    text = packer.get(paper("labels"), {"order": str(order.pk)}).content.decode()
    assert "Collect in cash" not in text
    assert text.count("Prepaid") == 2


def test_the_pick_list_goes_by_place(packer):
    for place, sku in (("B-01", "AAA"), ("A-07", "ZZZ"), ("", "MMM")):
        variant = factories.make_variant(stock=5, sku=sku)
        variant.bin_location = place
        variant.save()
        factories.make_order(variant=variant, quantity=2, status="confirmed")
    orders = [str(pk) for pk in Order.objects.values_list("pk", flat=True)]
    page = packer.post(paper("picks"), {"order": orders})
    assert [(pick.place, pick.sku) for pick in page.context["picks"]] == [
        ("", "MMM"),
        ("A-07", "ZZZ"),
        ("B-01", "AAA"),
    ]


def test_a_parcel_under_way_is_printed_again_and_a_cancelled_order_not_at_all(
    packer,
):
    sent = factories.make_order(variant=factories.make_variant(stock=5), quantity=1)
    factories.move_to(sent, "confirmed")
    parcel = pieces(sent, 1, ship=True)
    fulfilments.move_parcel(
        ParcelMove(status=ParcelStatus.UNDELIVERED),
        fulfilment_id=parcel.pk,
        actor=STAFF,
    )
    cancelled = factories.make_order(status="cancelled")
    page = packer.get(
        paper("labels"), {"order": [str(sent.pk), str(cancelled.pk), "no-id"]}
    )
    assert [paper.parcel for paper, _ in page.context["papers"]] == [parcel]
    assert f"{cancelled.number}: nothing of it" in page.content.decode()
    assert "No order was chosen" in packer.get(paper("slips")).content.decode()
    assert packer.get(paper("novels")).status_code == 404


def test_papers_make_as_many_queries_for_many_as_for_one(packer):
    counts = []
    chosen = []
    for _ in range(3):
        order = factories.make_order(status="confirmed")
        pieces(order, 1)
        chosen.append(str(order.pk))
        packer.get(paper("labels"), {"order": chosen})
        with CaptureQueriesContext(connection) as made:
            packer.get(paper("labels"), {"order": chosen})
        counts.append(len(made))
    assert counts[0] == counts[-1]


def test_bars_are_code_128_with_quiet_zones():
    width, bars = labels.draw_bars("MK-2026-000123")
    modules = ["0"] * width
    for place, long in bars:
        modules[place : place + long] = "1" * long
    text = "".join(modules)
    # Start B, ..., stop: ISO/IEC 15417, table 1.
    assert text[10:21] == "11010010000"
    assert text[-23:-10] == "1100011101011"
    assert set(text[:10] + text[-10:]) == {"0"}
    # The check symbol: the remainder by 103 of start and weighted values.
    values = [ord(each) - 32 for each in "MK-"]
    assert values == [45, 43, 13]
    assert Decimal(width - 20 - 13) % 11 == 0
