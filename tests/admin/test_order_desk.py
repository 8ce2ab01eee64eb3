"""The order desk: queues, steps for many orders at once, the next order after a step, and finding
an order from anywhere.
"""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from orders import queues, selectors
from orders.models import Carrier, Fulfilment, Order, ReturnRequest
from orders.models.fulfilment import ParcelStatus
from orders.queues import QueueName
from orders.services import fulfilments
from orders.services.lifecycle import Actor
from orders.staff_schemas import Parcel, ParcelMove, ParcelPieces
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
STAFF = Actor("staff")


@pytest.fixture
def packer():
    client = Client()
    client.force_login(factories.make_user(role="staff", groups=("orders",)))
    return client


def queue(name):
    return reverse("admin:orders_order_queue", args=[name])


def waiting(client, name):
    return [
        each["order"].number for each in client.get(queue(name)).context["rounds"]
    ]


def read_messages(client, response):
    """Return what the next page tells."""
    page = client.get(response["Location"])
    return [str(message) for message in page.context["messages"]]


def pack(order, *pieces, ship=False):
    lines = [ParcelPieces(line_id=pk, quantity=n) for pk, n in pieces] or None
    return fulfilments.create_parcel(
        Parcel(lines=lines, ship=ship), order_id=order.pk, actor=STAFF
    )


def test_an_order_passes_from_queue_to_queue(packer):
    order = factories.make_order(
        variant=factories.make_variant(stock=5), quantity=3
    )
    factories.make_order(method="online")  # waits for its payment, not for staff
    line = order.lines.get()

    def places():
        return {name for name in QueueName if order.number in waiting(packer, name)}

    assert places() == {"confirm"}
    factories.move_to(order, "confirmed")
    assert places() == {"pack"}
    parcel = pack(order, (line.pk, 1))
    assert places() == {"pack", "send"}  # two pieces are still to be packed
    page = packer.get(queue("pack"))
    assert [pick.pieces for pick in page.context["picks"]] == [2]
    fulfilments.move_parcel(
        ParcelMove(status=ParcelStatus.SHIPPED),
        fulfilment_id=parcel.pk,
        actor=STAFF,
    )
    assert places() == {"pack"}
    rest = pack(order)
    assert places() == {"send"}
    for status in (ParcelStatus.SHIPPED, ParcelStatus.UNDELIVERED):
        fulfilments.move_parcel(
            ParcelMove(status=status), fulfilment_id=rest.pk, actor=STAFF
        )
    assert places() == {"undelivered"}
    page = packer.get(queue("undelivered")).content.decode()
    for step in ("ship", "back", "lost"):
        where = reverse("admin:orders_fulfilment_step", args=[rest.pk, step])
        assert f"{where}?queue=undelivered" in page
    Order.objects.filter(pk=order.pk).update(attention="The shopper rang.")
    assert places() == {"undelivered", "attention"}


def test_many_are_confirmed_at_once_and_what_could_not_be_is_told_with_its_reason(
    packer,
):
    first, second = factories.make_order(), factories.make_order()
    late = factories.make_order()
    factories.move_to(late, "cancelled")
    answer = packer.post(
        queue("confirm"),
        {"order": [str(each.pk) for each in (first, second, late)]},
    )
    assert answer["Location"] == queue("confirm")
    done, refused = read_messages(packer, answer)
    assert done == "2 orders are confirmed."
    assert (
        f"{late.number}: The order is cancelled: it cannot become confirmed."
        in refused
    )
    assert "1 could not be confirmed" in refused
    statuses = Order.objects.filter(pk__in=[first.pk, second.pk]).values_list(
        "status"
    )
    assert {status for (status,) in statuses} == {"confirmed"}
    for nothing in ({}, {"order": "no-id"}):
        assert read_messages(packer, packer.post(queue("confirm"), nothing)) == [
            "No order was chosen."
        ]


def test_many_are_packed_and_sent_with_one_number_typed_for_each(packer):
    Carrier.objects.create(
        name="BlueDart", url_pattern="https://track.example/{tracking}"
    )
    orders = [factories.make_order(status="confirmed") for _ in range(2)]
    chosen = {"order": [str(order.pk) for order in orders]}
    (told,) = read_messages(packer, packer.post(queue("pack"), chosen))
    assert told.startswith("2 orders are packed.")
    papers = re.findall(r'href="(/admin/orders/order/print/[^"]+)"', told)
    assert len(papers) == 2
    for link in papers:
        page = packer.get(unescape(link))
        assert page.content.decode().count("<section") == 2
    parcels = [order.fulfilments.get() for order in orders]
    assert {parcel.status for parcel in parcels} == {"packed"}

    numbers = {
        f"tracking_{each.pk.hex}": f"BD-{each.order.number}" for each in parcels
    }
    answer = packer.post(queue("send"), {"carrier": "BlueDart", **numbers})
    assert read_messages(packer, answer) == ["2 orders are sent."]
    for order, parcel in zip(orders, parcels, strict=True):
        parcel.refresh_from_db()
        assert parcel.status == "shipped"
        assert parcel.tracking_url == f"https://track.example/BD-{order.number}"
    assert packer.get(queue("send")).context["rounds"] == []
    # The carrier is remembered: whoever sends the next parcel types its number and nothing else.
    third = factories.make_order(status="processing")
    form = packer.get(reverse("admin:orders_order_step", args=[third.pk, "ship"]))
    assert '<option value="BlueDart" selected>' in form.content.decode()


def test_after_a_step_comes_the_next_order_of_the_queue_it_was_opened_from(packer):
    first, second, third = (factories.make_order() for _ in range(3))

    def confirm(order, query="?queue=confirm"):
        step = reverse("admin:orders_order_step", args=[order.pk, "confirm"])
        return packer.post(step + query)["Location"]

    def page(order):
        return reverse("admin:orders_order_change", args=[order.pk])

    opened = packer.get(f"{page(second)}?queue=confirm").content.decode()
    assert f"{page(second)[:-7]}step/confirm/?queue=confirm" in opened
    assert confirm(second) == f"{page(third)}?queue=confirm"
    assert (
        confirm(third) == f"{page(first)}?queue=confirm"
    )  # from the beginning again
    assert confirm(first) == queue("confirm")  # it was the last
    fourth = factories.make_order()
    assert confirm(fourth, "") == page(fourth)  # not opened from a queue
    fifth = factories.make_order()
    assert confirm(fifth, "?queue=nonsense") == page(fifth)


def test_a_parcels_step_leads_to_the_next_order_too(packer):
    first, second = (factories.make_order(status="confirmed") for _ in range(2))
    parcel, other = pack(first), pack(second)
    step = reverse("admin:orders_fulfilment_step", args=[parcel.pk, "ship"])
    answer = packer.post(f"{step}?queue=send", {"tracking_number": "T-1"})
    after = reverse("admin:orders_order_change", args=[other.order_id])
    assert answer["Location"] == f"{after}?queue=send"


def test_what_is_typed_anywhere_opens_the_order(packer):
    variant = factories.make_variant(sku="ONLY-HERE-1")
    order = factories.make_order(
        guest_email="one@example.com", variant=variant, status="processing"
    )
    Order.objects.filter(pk=order.pk).update(
        city="Kozhikode", postal_code="673001", recipient="Zubeida Anand"
    )
    other = factories.make_order()
    Order.objects.filter(pk=other.pk).update(phone="+919811111111")
    fulfilments.create_parcel(Parcel(ship=True), order_id=order.pk, actor=STAFF)
    Fulfilment.objects.filter(order=order).update(tracking_number="BD777")
    page = reverse("admin:orders_order_change", args=[order.pk])
    for text in (
        order.number,
        f"  {order.number.lower()} ",
        order.number[-6:].lstrip("0"),
        "one@example.com",
        "zubeida",
        "+919876543210",
        "098765 43210",
        "kozhikode",
        "673001",
        "673 001",
        "only-here-1",
        "bd777",
    ):
        answer = packer.get("/admin/orders/order/find/", {"q": text})
        assert answer["Location"] == page, text
    none = packer.get("/admin/orders/order/find/", {"q": "nobody"})
    assert none["Location"] == "/admin/orders/order/?q=nobody"
    listed = packer.get(none["Location"]).content.decode()
    assert "No results found" in listed
    assert 'value="nobody"' in listed
    assert packer.get("/admin/orders/order/find/").status_code == 302
    assert 'id="desk-find"' in packer.get("/admin/").content.decode()


def test_each_way_to_find_an_order_has_an_index(packer):
    """The planner would read a table as small as the test's; told not to, it must have another
    way for every condition.
    """
    for text in ("MK-2026-000123", "zubeida", "kozhikode", "673001", "98765 43210"):
        found = Order.objects.filter(selectors.match_search(text)).order_by()
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
            plan = found.explain()
            cursor.execute("RESET enable_seqscan")
        assert "Seq Scan" not in plan, f"{text}: {plan}"


def test_a_queues_page_makes_as_many_queries_for_many_as_for_one(packer):
    for _ in range(2):
        order = factories.make_order(status="confirmed")
        pack(order)
        packer.get(queue("send"))
        with CaptureQueriesContext(connection) as made:
            packer.get(queue("send"))
        counts = [len(made)]
        for _ in range(2):
            pack(factories.make_order(status="confirmed"))
        with CaptureQueriesContext(connection) as made:
            packer.get(queue("send"))
        counts.append(len(made))
        assert counts[0] == counts[1]


def test_counts_end_where_nobody_counts_on(monkeypatch):
    monkeypatch.setattr(queues, "COUNTED", 1)
    for _ in range(3):
        factories.make_order()
    assert queues.count_waiting()[QueueName.CONFIRM] == 2
    assert queues.show_count(2) == "1+"


def test_steps_for_many_are_for_those_who_may(packer):
    viewer = Client()
    viewer.force_login(factories.make_user(role="staff", groups=("catalogue",)))
    order = factories.make_order()
    assert viewer.get(queue("confirm")).status_code == 403
    assert (
        viewer.post(queue("confirm"), {"order": str(order.pk)}).status_code == 403
    )
    assert (
        packer.post(queue("attention"), {"order": str(order.pk)}).status_code == 403
    )
    assert packer.get("/admin/orders/order/queue/nothing/").status_code == 404
    order.refresh_from_db()
    assert order.status == "pending"


def test_a_return_waits_to_be_judged_and_its_steps_lead_to_the_next(packer, api):
    customer = factories.make_user()
    orders = [
        factories.make_order(customer=customer, status="delivered", paid=True)
        for _ in range(2)
    ]
    for order in orders:
        line = {"lineId": str(order.lines.get().pk), "quantity": 1}
        asked = api.as_user(customer).post(
            f"/api/orders/{order.pk}/returns",
            {"reason": "too_small", "lines": [line]},
            headers=factories.key(),
        )
        assert asked.status_code == 201, asked.json()
    assert waiting(packer, "returns") == [order.number for order in orders]
    request = ReturnRequest.objects.get(order=orders[0])
    step = reverse("admin:orders_returnrequest_step", args=[request.pk, "reject"])
    assert f"{step}?queue=returns" in packer.get(queue("returns")).content.decode()
    answer = packer.post(f"{step}?queue=returns", {"note": "It was worn."})
    after = reverse("admin:orders_order_change", args=[orders[1].pk])
    assert answer["Location"] == f"{after}?queue=returns"
    assert waiting(packer, "returns") == [orders[1].number]


RAW_WORD = re.compile(r"\b[a-z]+_[a-z_]+\b")


def test_staff_read_plain_words(packer, api):
    """No page of an order in the middle of everything shows a value of the API's."""
    customer = factories.make_user()
    variant = factories.make_variant(stock=9)
    order = factories.make_order(
        customer=customer,
        variant=variant,
        quantity=3,
        status="confirmed",
        paid=True,
    )
    desk = api.as_user(factories.make_user(role="staff", groups=("orders",)))
    line = {"lineId": str(order.lines.get().pk)}
    url = f"/api/staff/orders/{order.pk}/fulfilments"
    sent = desk.post(
        url, {"lines": [{**line, "quantity": 1}]}, headers=factories.key()
    )
    parcel = sent.json()["fulfilments"][0]["id"]
    step = f"/api/staff/fulfilments/{parcel}/transition"
    desk.post(step, {"status": "delivered"})
    asked = api.as_user(customer).post(
        f"/api/orders/{order.pk}/returns",
        {"reason": "not_as_shown", "lines": [{**line, "quantity": 1}]},
        headers=factories.key(),
    )
    pages = {
        "orders": "/admin/orders/order/",
        "order": f"/admin/orders/order/{order.pk}/change/",
        "queue": "/admin/orders/order/queue/returns/",
        "parcels": "/admin/orders/fulfilment/",
        "returns": "/admin/orders/returnrequest/",
        "return": f"/admin/orders/returnrequest/{asked.json()['id']}/change/",
    }
    for name, page in pages.items():
        text = strip_tags(
            re.sub(
                r"(?s)<(script|style|template)\b.*?</\1>|<span[^>]*material-symbols.*?</span>",
                " ",
                packer.get(page).content.decode(),
            )
        )
        assert RAW_WORD.findall(text) == [], name
        assert re.search("Partly sent|Not as shown|Delivered", text), name
