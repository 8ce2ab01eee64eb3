"""Handlers of outbox rows, and what beat starts: each one call into the services."""

from typing import Any
from uuid import UUID

from celery_app import app
from markrin.outbox import handlers as outbox
from orders.gateways.base import ProviderDown
from orders.services import (
    gift_card_mails,
    gift_card_sales,
    gift_cards,
    invoice_files,
    mails,
    payment_links,
    payment_polling,
    payments,
    payouts,
    periodic,
    reconciliation,
    refunds,
    return_requests,
)

MAIL: dict[str, Any] = {
    "queue": "email",
    "effect": "outside",
    "time_limit_s": 60,
    "max_attempts": 11,
}
# Calls to a payment provider: a queue of their own, as a provider that is away pauses it.
MONEY: dict[str, Any] = {
    "queue": "payments",
    "effect": "outside",
    "time_limit_s": 60,
    "max_attempts": 11,
}


@outbox.handler("orders.confirm_by_mail", **MAIL)
def confirm_by_mail(*, order_id: str, **later: object) -> outbox.Result:
    return mails.mail_confirmation(order_id=UUID(order_id))


@outbox.handler("orders.shipped_by_mail", **MAIL)
def shipped_by_mail(
    *, order_id: str, fulfilment_id: str, attempt: int = 1, **later: object
) -> outbox.Result:
    return mails.mail_shipped(
        order_id=UUID(order_id), fulfilment_id=UUID(fulfilment_id), attempt=attempt
    )


@outbox.handler("orders.undelivered_by_mail", **MAIL)
def undelivered_by_mail(
    *, order_id: str, fulfilment_id: str, attempt: int = 1, **later: object
) -> outbox.Result:
    return mails.mail_undelivered(
        order_id=UUID(order_id), fulfilment_id=UUID(fulfilment_id), attempt=attempt
    )


@outbox.handler("orders.tracking_corrected_by_mail", **MAIL)
def tracking_corrected_by_mail(
    *, order_id: str, fulfilment_id: str, change_id: str, **later: object
) -> outbox.Result:
    return mails.mail_tracking_corrected(
        order_id=UUID(order_id),
        fulfilment_id=UUID(fulfilment_id),
        change_id=UUID(change_id),
    )


@outbox.handler("orders.delivered_by_mail", **MAIL)
def delivered_by_mail(
    *, order_id: str, fulfilment_id: str, **later: object
) -> outbox.Result:
    return mails.mail_delivered(
        order_id=UUID(order_id), fulfilment_id=UUID(fulfilment_id)
    )


@outbox.handler("orders.cancelled_by_mail", **MAIL)
def cancelled_by_mail(*, order_id: str, **later: object) -> outbox.Result:
    return mails.mail_cancelled(order_id=UUID(order_id))


@outbox.handler("orders.pieces_cancelled_by_mail", **MAIL)
def pieces_cancelled_by_mail(
    *, order_id: str, cancellation_id: str, **later: object
) -> outbox.Result:
    return mails.mail_pieces_cancelled(
        order_id=UUID(order_id), cancellation_id=UUID(cancellation_id)
    )


@outbox.handler("orders.refunded_by_mail", **MAIL)
def refunded_by_mail(
    *, order_id: str, refund_id: str, **later: object
) -> outbox.Result:
    return mails.mail_refunded(order_id=UUID(order_id), refund_id=UUID(refund_id))


@outbox.handler("orders.return_by_mail", **MAIL)
def return_by_mail(
    *, return_request_id: str, status: str, **later: object
) -> outbox.Result:
    return mails.mail_return(request_id=UUID(return_request_id), status=status)


@outbox.handler("orders.call_staff_by_mail", **MAIL)
def call_staff_by_mail(*, order_id: str, **later: object) -> outbox.Result:
    return mails.mail_staff(order_id=UUID(order_id))


@outbox.handler("orders.mail_again", **MAIL)
def mail_again(
    *, order_id: str, mail_name: str, wanted_id: str, **later: object
) -> outbox.Result:
    return mails.send_mail_again(
        order_id=UUID(order_id), mail_name=mail_name, wanted_id=UUID(wanted_id)
    )


@outbox.handler(
    "orders.render_invoice",
    queue="analytics",
    effect="outside",
    time_limit_s=60,
    max_attempts=11,
)
def render_invoice(*, invoice_id: str, **later: object) -> None:
    invoice_files.get_file(invoice_id=UUID(invoice_id))


@outbox.handler("orders.gift_card_by_mail", **MAIL)
def gift_card_by_mail(
    *, gift_card_id: str, wanted_id: str, **later: object
) -> outbox.Result:
    return gift_card_mails.mail_gift_card(
        gift_card_id=UUID(gift_card_id), wanted_id=UUID(wanted_id)
    )


@outbox.handler("orders.store_credit_by_mail", **MAIL)
def store_credit_by_mail(*, entry_id: str, **later: object) -> outbox.Result:
    return gift_card_mails.mail_store_credit(entry_id=UUID(entry_id))


@outbox.handler(
    "orders.issue_gift_cards",
    queue="inventory",
    effect="database",
    time_limit_s=60,
    max_attempts=11,
)
def issue_gift_cards(*, order_id: str, **later: object) -> None:
    gift_card_sales.issue_sold_cards(order_id=UUID(order_id))


@outbox.handler("orders.invoice_by_mail", **MAIL)
def invoice_by_mail(
    *, order_id: str, invoice_id: str, **later: object
) -> outbox.Result:
    return mails.mail_invoice(order_id=UUID(order_id), invoice_id=UUID(invoice_id))


@outbox.handler("orders.send_refund", **MONEY)
def send_refund(*, refund_id: str, **later: object) -> outbox.Result:
    return refunds.send_refund(refund_id=UUID(refund_id))


@outbox.handler("orders.payment_link_by_mail", **MONEY)
def payment_link_by_mail(
    *, order_id: str, wanted_id: str, **later: object
) -> outbox.Result:
    """Not of the mails' queue: it asks the provider for the link."""
    try:
        return payment_links.mail_payment_link(
            order_id=UUID(order_id), wanted_id=UUID(wanted_id)
        )
    except ProviderDown as exc:
        raise outbox.Unreachable(str(exc)) from exc


@outbox.handler("orders.abandon_payment", **MONEY)
def abandon_payment(*, payment_id: str, **later: object) -> None:
    try:
        payments.abandon_payment(payment_id=UUID(payment_id))
    except ProviderDown as exc:
        raise outbox.Unreachable(str(exc)) from exc


@outbox.handler("orders.look_up_charge", **MONEY)
def look_up_charge(
    *, provider: str, charge_ref: str, **later: object
) -> outbox.Result:
    try:
        return payment_polling.look_up_charge(
            provider_name=provider, charge_ref=charge_ref
        )
    except ProviderDown as exc:
        raise outbox.Unreachable(str(exc)) from exc


@outbox.handler("orders.book_payout", **MONEY)
def book_payout(
    *, provider: str, payout_ref: str, **later: object
) -> outbox.Result:
    try:
        return payouts.book_payout(provider_name=provider, payout_ref=payout_ref)
    except ProviderDown as exc:
        raise outbox.Unreachable(str(exc)) from exc


@app.task(name="orders.expire", time_limit=300)
def expire_orders() -> int:
    """Cancel unpaid orders whose time is up."""
    return periodic.expire_orders()


@app.task(name="orders.expire_returns", time_limit=300)
def expire_returns() -> int:
    """Cancel approved returns whose pieces have not come in time."""
    return return_requests.expire_returns()


@app.task(name="orders.settle_payments", time_limit=300)
def settle_payments() -> dict[str, int]:
    """Ask after open payments, and refund what is paid but cancelled."""
    return periodic.settle_payments()


@app.task(name="orders.reconcile", time_limit=3600)
def reconcile() -> dict[str, int]:
    """Hold the last days of each provider against ours."""
    return reconciliation.reconcile_recent()


@app.task(name="orders.expire_gift_cards", time_limit=900)
def expire_gift_cards() -> int:
    """Empty the gift cards whose time is up."""
    return gift_cards.expire_cards()


@app.task(name="orders.forget_old", time_limit=900)
def forget_old() -> dict[str, int]:
    """Delete old idempotency keys and guests' carts."""
    return periodic.forget_old()
