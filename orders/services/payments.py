"""Online payments: opened after the order's commit, on a page of the provider."""

from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone

from markrin.api import rate_limits
from markrin.api.errors import NotFound
from markrin.api.rate_limits import Limit
from markrin.db import transactions
from markrin.db.models import uuid7
from orders import errors, gateways
from orders.customer_identity import Customer
from orders.gateways.base import Charge, ProviderDown, ProviderRefused, Started
from orders.models import Order, Payment, ReturnRequest
from orders.models.order_status import BEFORE_SHIPPING, PaymentMethod, PaymentStatus
from orders.models.payment import PaymentState
from orders.services import idempotency, lifecycle, payment_polling
from orders.services.idempotency import KeyClaim
from orders.services.provider_events import WAITING

log = structlog.get_logger(__name__)


def open_payment(order: Order, *, base_url: str) -> Started | None:
    """Return how to pay the order: None if it is not waiting for an online payment, or the
    provider does not answer.

    Calls the provider, so never within a transaction; calling again leads to the same payment.
    None, too, where it was asked too often for this order.
    """
    if order.payment_method != PaymentMethod.ONLINE:
        return None
    payment = Payment.objects.filter(
        order=order, state=PaymentState.CREATED
    ).first()
    if payment is None or rate_limits.count_request(_limit(), str(order.pk)):
        return None
    try:
        return start_at_provider(order, payment, base_url=base_url)
    except (ProviderDown, ProviderRefused) as exc:
        log.warning(
            "payment.not_started", payment_id=str(payment.pk), error=str(exc)
        )
        return None


def start_payment(
    *,
    customer: Customer,
    order_id: UUID,
    idempotency_key: str | None,
    base_url: str,
) -> tuple[Started, bool]:
    """Open a payment for one's own order: the one that is open already, or another after
    one has failed.

    Return how to pay, and whether the key had asked for it before. Locks: the key, the order.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        NotFound: there is no such order, or it is somebody else's.
        NothingToPay: it does not wait for an online payment.
        ProviderUnavailable: the provider does not answer; the key may be sent again.
        RateLimited: the provider has been asked for this order too often.
    """
    route = f"POST /api/orders/{order_id}/payments"
    request = idempotency.build_claim(
        scope=customer.scope, key=idempotency_key, route=route, body={}
    )
    order, payment, replayed = _open_locked(customer, order_id, request)
    rate_limits.enforce_limit(_limit(), str(order.pk))
    try:
        try:
            return start_at_provider(order, payment, base_url=base_url), replayed
        except ProviderRefused:
            if not payment.provider_ref:
                raise
            # Its page has ended, and nobody has told us yet: note that, and open another.
            payment_polling.ask(payment)
            order, payment, _ = _open_locked(customer, order_id, None)
            return start_at_provider(order, payment, base_url=base_url), replayed
    except ProviderDown as exc:
        raise errors.ProviderUnavailable(headers={"Retry-After": "5"}) from exc
    except ProviderRefused as exc:
        log.warning("payment.refused", payment_id=str(payment.pk), error=str(exc))
        raise errors.PaymentMethodUnavailable from exc


def _limit() -> Limit:
    """Return how often one order may have the provider asked, which costs it a call each time."""
    return Limit.named("payment_order")


@transactions.durable
def _open_locked(
    customer: Customer, order_id: UUID, request: KeyClaim | None
) -> tuple[Order, Payment, bool]:
    """Return the order's open payment, or another; without a request, no key is claimed."""
    provider = gateways.current()
    payment_id = uuid7()
    known = idempotency.claim_key(request, payment_id) if request else None
    order = lifecycle.lock_order(order_id)
    if not customer.owns(order):
        raise NotFound
    open_ = Payment.objects.filter(order=order, state=PaymentState.CREATED).first()
    if known is not None and open_ is not None:
        return order, open_, True
    waiting = order.status in BEFORE_SHIPPING and order.payment_status in WAITING
    if (
        order.payment_method != PaymentMethod.ONLINE
        or not waiting
        or _waits_for_pieces(order)
        or known is not None
        or provider is None
    ):
        raise errors.NothingToPay
    if open_ is None:
        open_ = Payment.objects.create(
            pk=payment_id,
            order=order,
            provider=provider.name,
            amount=order.due,
            currency=order.currency,
            return_url=_last_return_url(order),
        )
    if order.payment_status == PaymentStatus.FAILED:
        lifecycle.set_payment_status(
            order,
            PaymentStatus.UNPAID,
            actor=lifecycle.Actor(customer.actor, order.user_id),
        )
    return order, open_, False


def _waits_for_pieces(order: Order) -> bool:
    """Return whether pieces that come back are to pay the order first."""
    is_exchange = ReturnRequest.objects.filter(exchange=order).exists()
    return is_exchange and not order.part_paid


def _last_return_url(order: Order) -> str:
    earlier = Payment.objects.filter(order=order).order_by("-id")
    return earlier.values_list("return_url", flat=True).first() or ""


def start_at_provider(order: Order, payment: Payment, *, base_url: str) -> Started:
    """Return how to pay, on a page that the provider opens, or on the one that is open.

    Calls the provider: never within a transaction. Raises: ProviderDown; ProviderRefused, also
    where its page has ended.
    """
    provider = gateways.get(payment.provider)
    if provider is None:
        raise ProviderRefused(f"{payment.provider} is not set up")
    charge = Charge(
        payment_id=payment.pk,
        order_id=order.pk,
        number=order.number,
        amount=payment.amount,
        currency=payment.currency,
        base_url=base_url,
        return_url=payment.return_url or return_url_of(order),
        expires_at=order.expires_at,
    )
    started = provider.start(charge, ref=payment.provider_ref)
    if not payment.provider_ref:
        now = timezone.now()
        Payment.objects.filter(pk=payment.pk, provider_ref="").update(
            provider_ref=started.ref,
            ends_at=started.ends_at,
            ask_at=now + payment_polling.SHORTEST,
            updated_at=now,
        )
    return started


def return_url_of(order: Order) -> str:
    """Return where a shopper comes back to unless the client says otherwise: the order's page."""
    return f"{settings.SHOP_URL.rstrip('/')}/orders/{order.pk}"


def abandon_payment(*, payment_id: UUID) -> None:
    """Tell the provider that the payment is not wanted any more, and ask what came of it; the
    body of a job.

    Raises: ProviderDown, and the job comes back. What was paid meanwhile, or is paid later, goes
    back by itself."""
    payment = Payment.objects.filter(pk=payment_id).exclude(provider_ref="").first()
    provider = gateways.get(payment.provider) if payment else None
    if payment is None or provider is None:
        return
    if payment.state == PaymentState.CANCELLED:
        provider.abandon(payment.provider_ref)
        payment_polling.ask(payment)
