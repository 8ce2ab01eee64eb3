"""What customers are told by mail, through the handlers that the outbox runs."""

from uuid import uuid4

from django.core import mail

from markrin.outbox.models import OutboxEvent
from orders import tasks
from orders.models.order_status import OrderStatus
from orders.services import periodic, privacy, refunds, transitions
from orders.services.lifecycle import Actor
from orders.staff_schemas import Move, OrderNote, ParcelPieces, PiecesCancellation
from tests.factories import (
    age,
    make_coupon,
    make_order,
    make_product,
    make_variant,
    move_to,
)


def last():
    return mail.outbox[-1]


def html(message):
    return message.alternatives[0].content


def test_a_placed_order_is_confirmed(customer):
    variant = make_variant(
        product=make_product(name="Kurta <b>red</b>", base_price="1200.50"),
        size="M",
        color="Red",
    )
    coupon = make_coupon(code="TEN")
    order = make_order(
        customer=customer, variant=variant, quantity=2, coupon_code=coupon.code
    )
    sent = tasks.confirm_by_mail(order_id=str(order.pk), later_field=1)
    assert sent == {"message_id": last().extra_headers["Message-ID"]}
    assert (last().to, last().subject) == (
        [customer.email],
        f"Your order {order.number}",
    )
    for text in (
        "Kurta <b>red</b> (M, Red)",
        "₹2,401.00",
        "−₹240.10",
        "₹2,160.90",
        "400050 IN",
        "ready for the courier",
    ):
        assert text in last().body, text
    assert "Kurta &lt;b&gt;red&lt;/b&gt;" in html(last())
    assert f"/orders/{order.pk}" in last().body


def test_an_online_order_says_that_it_waits_for_payment(customer):
    order = make_order(customer=customer, method="online")
    tasks.confirm_by_mail(order_id=str(order.pk))
    assert "It waits for your payment." in last().body
    assert "courier" not in last().body


def test_pieces_that_will_not_come_are_told_with_what_is_due_then(customer, api):
    variant = make_variant(product=make_product(base_price="1200.50"), stock=5)
    order = make_order(customer=customer, variant=variant, quantity=3)
    line = ParcelPieces(line_id=order.lines.get().pk, quantity=2)
    transitions.cancel_pieces(
        PiecesCancellation(lines=[line], reason="Moths, between us."),
        order_id=order.pk,
        actor=Actor("staff"),
    )
    [job] = OutboxEvent.objects.filter(task="orders.pieces_cancelled_by_mail")
    tasks.pieces_cancelled_by_mail(**job.payload)
    assert last().to == [customer.email]
    assert "a part will not be sent" in last().subject
    assert f"2 × {order.lines.get().name}" in last().body
    assert "Please have ₹1,200.50 ready for the courier." in last().body
    assert "Moths" not in last().body, "a reason is staff's own"
    shown = api.as_user(customer).get(f"/api/orders/{order.pk}").json()
    assert (shown["items"][0]["cancelled"], shown["waived"]) == (2, "2401.00")
    transitions.move_order(
        Move(status=OrderStatus.CANCELLED), order_id=order.pk, actor=Actor("staff")
    )
    sent = len(mail.outbox)
    tasks.pieces_cancelled_by_mail(
        **{**job.payload, "cancellation_id": str(uuid4())}
    )
    assert len(mail.outbox) == sent, "the mail about all of it says so"


def test_the_other_mails(customer):
    order = make_order(customer=customer, status="processing")
    transitions.move_order(
        Move(
            status=OrderStatus.SHIPPED,
            carrier="Delhivery",
            tracking_number="D1",
            tracking_url="https://track.example/d1",
        ),
        order_id=order.pk,
        actor=Actor("staff"),
    )
    parcel = str(order.fulfilments.get().pk)
    tasks.shipped_by_mail(order_id=str(order.pk), fulfilment_id=parcel)
    assert "on its way" in last().subject
    assert all(
        text in last().body
        for text in ("Delhivery", "D1", "https://track.example/d1")
    )
    move_to(order, "delivered")
    tasks.delivered_by_mail(order_id=str(order.pk), fulfilment_id=parcel)
    assert "arrived" in last().subject
    other = make_order(guest_email="guest@example.com", method="online")
    age(other)
    periodic.expire_orders()
    tasks.cancelled_by_mail(order_id=str(other.pk))
    assert (last().to, "It was not paid in time." in last().body) == (
        ["guest@example.com"],
        True,
    )
    transitions.mark_cash_paid(order_id=order.pk, actor=Actor("staff"))
    refund, _ = refunds.refund_order(
        order_id=order.pk,
        actor=Actor("staff", customer.pk),
        amount=None,
        reason="x",
        idempotency_key="k",
    )
    tasks.refunded_by_mail(order_id=str(order.pk), refund_id=str(refund.pk))
    assert "₹1,050.00" in last().body
    assert (
        len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 4
    )


def test_an_erased_customer_gets_none(customer):
    order = make_order(customer=customer)
    privacy.erase_customer(user=customer)
    assert tasks.confirm_by_mail(order_id=str(order.pk)) is None
    assert mail.outbox == []


def test_staff_hear_of_what_needs_a_person(customer, settings):
    settings.STAFF_MAIL = ["desk@example.com", "boss@example.com"]
    order = make_order(customer=customer, paid=True)
    transitions.move_order(
        Move(status=OrderStatus.CANCELLED), order_id=order.pk, actor=Actor("system")
    )
    (job,) = OutboxEvent.objects.filter(task="orders.call_staff_by_mail")
    assert tasks.call_staff_by_mail(**job.payload) is not None
    assert [message.to for message in mail.outbox] == [
        ["desk@example.com"],
        ["boss@example.com"],
    ]
    assert "to be given back in cash" in last().body
    transitions.note_order(
        OrderNote(note="Done", resolve=True),
        order_id=order.pk,
        actor=Actor("staff"),
    )
    assert tasks.call_staff_by_mail(**job.payload) is None
