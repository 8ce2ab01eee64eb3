"""Returns that customers ask for: asked within the window, approved, received, judged.

Each use case locks the order first, then the order of the replacements, and stock last. Money and
goods go through the doors that every return goes through (`returns`, `order_credits`).
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from markrin.api import rate_limits
from markrin.api.errors import NotFound
from markrin.api.rate_limits import Limit
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events, return_window
from orders.customer_identity import Customer
from orders.models import Order, Return, ReturnRequest, ReturnRequestLine
from orders.models.order_event import OrderEventKind
from orders.models.return_request import (
    NEXT_RETURN_STATUS,
    ReturnStatus,
)
from orders.schemas import ReturnAsked, ReturnPieces
from orders.services import exchanges, idempotency, lifecycle, returns
from orders.services.fulfilments import find_tracking
from orders.services.idempotency import KeyClaim
from orders.services.lifecycle import SYSTEM, Actor
from orders.staff_schemas import (
    GoodsReturn,
    JudgedPieces,
    ReturnApproval,
    ReturnedPieces,
    ReturnJudgement,
    Tracking,
)

MAX_AT_ONCE = 200


# --- What customers do ---------------------------------------------------------------------------
@transactions.durable
def request_return(
    asked: ReturnAsked, *, order_id: UUID, customer: Customer, key: str | None
) -> tuple[ReturnRequest, bool]:
    """Ask to send pieces of one's own order back. Return the request, and whether the key had
    asked for it before.

    Locks: the key, the order.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        NotFound: there is no such order, or it is somebody else's.
        ReturnWindowOver: nothing has arrived, or the time is over.
        ReturnTooMany: more pieces than the customer has and has not asked back.
        VariantNotOnSale: what is wanted instead cannot be had.
        RateLimited: of this order so often. Each asking is a mail to whoever the order's go to,
            who may be a stranger.
    """
    claim = idempotency.build_claim(
        scope=customer.scope,
        key=key,
        route=f"POST /api/orders/{order_id}/returns",
        body=asked,
    )
    return _ask(asked, order_id=order_id, customer=customer, claim=claim)


@transactions.durable
def withdraw(
    *,
    order_id: UUID,
    customer: Customer,
    key: str | None,
    lines: Sequence[ReturnPieces] | None,
) -> tuple[ReturnRequest, bool]:
    """Withdraw from the contract for these pieces of what has arrived, or for all of it. Nobody
    has to approve it, and a mail confirms it.

    Locks, returns and raises as `request_return`.
    Source: Directive 2011/83/EU art. 9 to 14 and 11a.
    """
    claim = idempotency.build_claim(
        scope=customer.scope,
        key=key,
        route=f"POST /api/orders/{order_id}/withdrawal",
        body=lines,
    )
    asked = ReturnAsked(reason="withdrawal", lines=list(lines or ()))
    return _ask(
        asked, order_id=order_id, customer=customer, claim=claim, is_withdrawal=True
    )


def _load_request(request_id: UUID) -> ReturnRequest:
    return ReturnRequest.objects.with_lines().get(pk=request_id)


def _ask(
    asked: ReturnAsked,
    *,
    order_id: UUID,
    customer: Customer,
    claim: KeyClaim,
    is_withdrawal: bool = False,
) -> tuple[ReturnRequest, bool]:
    request_id = uuid7()
    if (known := idempotency.claim_key(claim, request_id)) is not None:
        return _load_request(known), True
    lifecycle.lock_order(order_id)
    order = Order.objects.with_lines().get(pk=order_id)
    if not customer.owns(order):
        raise NotFound
    find_end = (
        return_window.withdrawable_until
        if is_withdrawal
        else return_window.returnable_until
    )
    rate_limits.enforce_limit(Limit.named("return_order"), str(order.pk))
    until = find_end(order)
    if until is None or until <= timezone.now():
        raise errors.ReturnWindowOver(until=until.isoformat() if until else None)
    free = return_window.count_returnable(order)
    wanted = asked.lines or [
        ReturnPieces(line_id=line_id, quantity=count)
        for line_id, count in free.items()
    ]
    if not wanted or any(
        each.quantity > free.get(each.line_id, 0) for each in wanted
    ):
        raise errors.ReturnTooMany
    more = exchanges.price_replacements(order, wanted)
    request = _insert_request(order, asked.reason, request_id, is_withdrawal)
    ReturnRequestLine.objects.bulk_create(
        [
            ReturnRequestLine(
                id=uuid7(),
                request=request,
                line_id=each.line_id,
                quantity=each.quantity,
                variant_id=each.exchange_variant_id,
                difference=more.get(each.line_id, 0),
            )
            for each in wanted
        ]
    )
    actor = Actor(customer.actor, customer.user.pk if customer.user else None)
    said = "Withdrawn from the contract" if is_withdrawal else "Asked to return"
    _record(order, request, actor, f"{said}: {_describe(order, wanted)}")
    outbox.add(
        events.ReturnMoved(
            order_id=order.pk, return_request_id=request.pk, status=request.status
        )
    )
    return _load_request(request.pk), False


def _insert_request(
    order: Order, reason: str, request_id: UUID, is_withdrawal: bool
) -> ReturnRequest:
    count = len(order.return_requests.all())
    now = timezone.now()
    approved = (
        {
            "status": ReturnStatus.APPROVED,
            "approved_at": now,
            "send_by": return_window.end_of_day(
                now, days=settings.RETURN_SEND_DAYS
            ),
        }
        if is_withdrawal
        else {}
    )
    return ReturnRequest.objects.create(
        pk=request_id,
        order=order,
        number=f"{order.number}-R{count + 1}",
        reason=reason,
        is_withdrawal=is_withdrawal,
        **approved,
    )


def _describe(order: Order, wanted: Sequence[ReturnPieces]) -> str:
    skus = {line.pk: line.sku for line in order.lines.all()}
    return ", ".join(f"{each.quantity} × {skus[each.line_id]}" for each in wanted)


@transactions.durable
def cancel_request(
    *, order_id: UUID, request_id: UUID, customer: Customer
) -> ReturnRequest:
    """Think better of it: the pieces stay, what was reserved as their replacement is free again.

    Locks: the order, the order of the replacements, stock in variant order.

    Raises:
        NotFound: there is no such return of one's own order.
        ReturnNotIn: the parcel has arrived, or the return is over.
    """
    order, request = lock_request(request_id)
    if order.pk != order_id or not customer.owns(order):
        raise NotFound
    actor = Actor(customer.actor, customer.user.pk if customer.user else None)
    _close(order, request, ReturnStatus.CANCELLED, actor=actor)
    return _load_request(request.pk)


# --- What staff do -------------------------------------------------------------------------------
@transactions.durable
def approve_request(
    approval: ReturnApproval, *, request_id: UUID, actor: Actor
) -> ReturnRequest:
    """Let the customer send the pieces. Replacements are ordered and reserved.

    Locks: the order, stock in variant order.

    Raises:
        NotFound: there is no such return.
        ReturnNotIn: it is not waiting for this.
        OrderNotIn: pieces are to be exchanged that nobody has paid for.
        OutOfStock: a replacement is gone by now; and nothing has changed.
    """
    order, request = lock_request(request_id)
    columns = find_tracking(
        Tracking(
            carrier=approval.carrier,
            tracking_number=approval.tracking_number,
            tracking_url=approval.tracking_url,
        )
    )
    now = timezone.now()
    _set_status(
        order,
        request,
        ReturnStatus.APPROVED,
        actor=actor,
        note=approval.note,
        approved_at=now,
        send_by=return_window.end_of_day(now, days=settings.RETURN_SEND_DAYS),
        label_url=approval.label_url,
        **columns,
    )
    exchanges.place_exchange(order, request, actor=actor)
    return _load_request(request.pk)


@transactions.durable
def reject_request(note: str, *, request_id: UUID, actor: Actor) -> ReturnRequest:
    """Refuse a return; the customer reads why. Locks: the order.

    Raises: NotFound; ReturnNotIn: it is not waiting for this.
    """
    order, request = lock_request(request_id)
    _close(order, request, ReturnStatus.REJECTED, actor=actor, note=note)
    return _load_request(request.pk)


@transactions.durable
def receive_request(note: str, *, request_id: UUID, actor: Actor) -> ReturnRequest:
    """Note that the parcel is here. Locks: the order.

    Raises: NotFound; ReturnNotIn: it is not approved.
    """
    order, request = lock_request(request_id)
    _set_status(
        order,
        request,
        ReturnStatus.RECEIVED,
        actor=actor,
        note=note,
        received_at=timezone.now(),
    )
    return _load_request(request.pk)


@transactions.durable
def judge_request(
    judgement: ReturnJudgement, *, request_id: UUID, actor: Actor, key: str | None
) -> tuple[ReturnRequest, bool]:
    """Say of each piece what it is: sold again, damaged but accepted, or refused; what no line
    counts never came. What was paid for the accepted pieces goes back, the way it was paid or as
    store credit, or pays their replacements.

    Return the return, and whether the key had judged it before. Locks: the key, the order, the
    order of the replacements, stock in variant order.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        NotFound: there is no such return.
        ReturnNotIn: its parcel is not here, or it was judged before.
        ReturnTooMany: more pieces of a line than were asked for, or of another line.
        NoAccount: store credit is for customers with an account.
    """
    claim = idempotency.build_claim(
        scope=f"user:{actor.user_id}",
        key=key,
        route=f"POST /api/staff/returns/{request_id}/judge",
        body=judgement,
    )
    if idempotency.claim_key(claim, request_id) is not None:
        return _load_request(request_id), True
    order, request = lock_request(request_id)
    _refuse_out_of_turn(
        request, ReturnStatus.COMPLETED
    )  # before its pieces are counted
    lines = {row.line_id: row for row in request.lines.select_related("line")}
    judged = {each.line_id: each for each in judgement.lines}
    _write_judgement(lines, judged)
    goods = _take_accepted(order, request, list(lines.values()), actor)
    _set_status(
        order,
        request,
        ReturnStatus.COMPLETED,
        actor=actor,
        note=judgement.note,
        closed_at=timezone.now(),
        goods=goods,
    )
    exchanges.settle_exchange(
        order,
        request,
        list(lines.values()),
        goods,
        actor=actor,
        to_store_credit=judgement.to_store_credit,
    )
    return _load_request(request.pk), False


def _write_judgement(
    lines: Mapping[UUID, ReturnRequestLine], judged: Mapping[UUID, JudgedPieces]
) -> None:
    if unknown := [line_id for line_id in judged if line_id not in lines]:
        raise errors.ReturnTooMany(f"The return has no line {unknown[0]}.")
    for line_id, row in lines.items():
        said = judged.get(line_id)
        if said is None:
            continue
        if said.sellable + said.damaged + said.refused > row.quantity:
            raise errors.ReturnTooMany
        row.sellable, row.damaged, row.refused = (
            said.sellable,
            said.damaged,
            said.refused,
        )
        row.save(update_fields=["sellable", "damaged", "refused"])


def _take_accepted(
    order: Order,
    request: ReturnRequest,
    lines: Sequence[ReturnRequestLine],
    actor: Actor,
) -> Return | None:
    """Take the accepted pieces back by the door of every return; None where there are none."""
    pieces = [
        ReturnedPieces(line_id=row.line_id, quantity=count, restock=restock)
        for row in lines
        for count, restock in ((row.sellable, True), (row.damaged, False))
        if count
    ]
    if not pieces:
        return None
    goods = GoodsReturn(reason=f"Return {request.number}", lines=pieces)
    held = returns.count_held(order)
    return returns.take_back_locked(order, goods, held=held, actor=actor)


# --- The clock -----------------------------------------------------------------------------------
def expire_returns() -> int:
    """Cancel the approved returns whose pieces have not come in time, so that nothing stays
    reserved for them; return how many. Each in a transaction of its own.
    """
    due = ReturnRequest.objects.filter(
        status=ReturnStatus.APPROVED, send_by__lte=timezone.now()
    ).order_by("send_by")
    return sum(map(_expire, list(due.values_list("pk", flat=True)[:MAX_AT_ONCE])))


@transactions.durable
def _expire(request_id: UUID) -> bool:
    order, request = lock_request(request_id)
    if request.status != ReturnStatus.APPROVED:
        return False
    _close(
        order,
        request,
        ReturnStatus.CANCELLED,
        actor=SYSTEM,
        note="The pieces have not arrived in time.",
    )
    return True


# --- All of them ---------------------------------------------------------------------------------
@transactions.requires_transaction
def lock_request(request_id: UUID) -> tuple[Order, ReturnRequest]:
    """Return the request and its order. Locks: the order, which guards its returns.

    Raises: NotFound.
    """
    found = ReturnRequest.objects.filter(pk=request_id)
    order_id = found.values_list("order", flat=True).first()
    if order_id is None:
        raise NotFound
    order = lifecycle.lock_order(order_id)
    return order, found.select_related("exchange").get()


def _refuse_out_of_turn(request: ReturnRequest, to: ReturnStatus) -> None:
    before = request.status
    if to not in NEXT_RETURN_STATUS[before]:
        raise errors.ReturnNotIn(
            f"The return is {ReturnStatus(before).label.lower()}:"
            f" it cannot become {to.label.lower()}.",
            return_status=before,
        )


def _set_status(
    order: Order,
    request: ReturnRequest,
    to: ReturnStatus,
    *,
    actor: Actor,
    note: str = "",
    **columns: object,
) -> None:
    before = request.status
    _refuse_out_of_turn(request, to)
    if actor.kind == "staff":
        columns["by_id"] = actor.user_id
    for name, value in {"status": to, "note": note, **columns}.items():
        setattr(request, name, value)
    request.save(update_fields=["status", "note", *columns, "updated_at"])
    _record(order, request, actor, note, before=before)
    outbox.add(
        events.ReturnMoved(
            order_id=order.pk, return_request_id=request.pk, status=request.status
        )
    )


def _close(
    order: Order,
    request: ReturnRequest,
    to: ReturnStatus,
    *,
    actor: Actor,
    note: str = "",
) -> None:
    """End a return whose pieces stay with the customer. Locks: the replacements' order, stock."""
    _set_status(
        order, request, to, actor=actor, note=note, closed_at=timezone.now()
    )
    exchanges.cancel_exchange(request, actor=actor, note=f"{request.number}: {to}")


def _record(
    order: Order,
    request: ReturnRequest,
    actor: Actor,
    note: str,
    *,
    before: str = "",
) -> None:
    lifecycle.record_event(
        order,
        OrderEventKind.RETURN,
        actor=actor,
        note=f"{request.number}. {note}".strip()[:1000],
        from_status=before,
        to_status=request.status,
    )
