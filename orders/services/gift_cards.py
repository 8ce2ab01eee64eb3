"""Gift cards and store credit: issued, paid with, credited, corrected, expired.

Each movement is an entry of the card and, in the same transaction, one of the ledger of money:
the account `gift_cards` is what all cards together may still buy. Whoever takes several locks
takes the order's first, then the cards' in the order of their ids, then promotions and stock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import code_tries, errors, events, gift_card_codes
from orders.customer_identity import Customer
from orders.models import GiftCard, GiftCardEntry, Order, Payment, Refund
from orders.models.gift_card import (
    PROVIDER_NAME,
    GiftCardEntryKind,
    GiftCardKind,
)
from orders.models.ledger import BREAKAGE, GIFT_CARDS, GOODWILL, EntryKind
from orders.models.payment import PaymentState
from orders.pricing import quote as pricing
from orders.pricing.money import from_units, to_units
from orders.services import ledger
from orders.services.lifecycle import SYSTEM, Actor

# What goes back to a card that has expired can be spent for so long.
REOPENED_FOR: Final = timedelta(days=90)
_BATCH: Final = 200


@dataclass(frozen=True, kw_only=True)
class NewGiftCard:
    """A card that staff give away. `amount` is in shop currency; without `email` it is not
    mailed, and staff read the code out.
    """

    amount: Decimal
    reason: str
    email: str = ""
    language: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class _Cause:
    """Why a card moves: who did it, for which order, and the key of what happened."""

    key: str
    actor: Actor
    reason: str = ""
    order: Order | None = None


# --- Issued --------------------------------------------------------------------------------------
@transactions.durable
def issue_card(new: NewGiftCard, *, actor: Actor) -> GiftCard:
    """Make a gift card that staff give away, and have its code mailed."""
    return make_issued_card(new, actor=actor)


@transactions.requires_transaction
def make_issued_card(new: NewGiftCard, *, actor: Actor) -> GiftCard:
    """As `issue_card`, within the caller's transaction."""
    card = create_card(
        email=new.email, language=new.language, expires_at=new.expires_at
    )
    _give(card, new.amount, reason=new.reason, actor=actor)
    if card.email:
        request_mail(card)
    return card


@transactions.durable
def issue_store_credit(
    *, user_id: UUID, amount: Decimal, reason: str, actor: Actor
) -> GiftCardEntry:
    """Give a customer store credit in shop currency, and tell them by mail. Locks: it."""
    return grant_store_credit(
        user_id=user_id, amount=amount, reason=reason, actor=actor
    )


@transactions.requires_transaction
def grant_store_credit(
    *, user_id: UUID, amount: Decimal, reason: str, actor: Actor
) -> GiftCardEntry:
    """As `issue_store_credit`, within the caller's transaction."""
    card = lock_store_credit(user_id, settings.SHOP_CURRENCY)
    entry = _give(card, amount, reason=reason, actor=actor)
    outbox.add(events.StoreCreditGranted(entry_id=entry.pk))
    return entry


@transactions.requires_transaction
def create_card(
    *,
    email: str = "",
    language: str = "",
    expires_at: datetime | None = None,
    order_line_id: UUID | None = None,
) -> GiftCard:
    """Make an empty card with a new code, in shop currency."""
    code = gift_card_codes.make_code()
    return GiftCard.objects.create(
        code_hash=gift_card_codes.list_hashes(code)[0],
        code_encrypted=gift_card_codes.encrypt(code),
        last4=code[-4:],
        currency=settings.SHOP_CURRENCY,
        email=email,
        language=language,
        expires_at=expires_at,
        order_line_id=order_line_id,
    )


@transactions.requires_transaction
def lock_store_credit(user_id: UUID, currency: str) -> GiftCard:
    """Return the customer's store credit, made now if there is none. Locks: it."""
    GiftCard.objects.bulk_create(
        [
            GiftCard(
                kind=GiftCardKind.STORE_CREDIT, user_id=user_id, currency=currency
            )
        ],
        ignore_conflicts=True,
    )
    found = GiftCard.objects.filter(
        kind=GiftCardKind.STORE_CREDIT, user=user_id, currency=currency
    )
    return found.locked().get()


def _give(
    card: GiftCard, amount: Decimal, *, reason: str, actor: Actor
) -> GiftCardEntry:
    entry = _move(
        card,
        GiftCardEntryKind.ISSUE,
        amount,
        _Cause(f"issue:{uuid7()}", actor, reason),
    )
    _book(entry, GOODWILL)
    return entry


def put_sold_money(card: GiftCard, order: Order, amount: Decimal) -> None:
    """Put on a new card what was paid for it; the order's sale books it."""
    cause = _Cause(f"issue:{card.pk}", SYSTEM, order=order)
    _move(card, GiftCardEntryKind.ISSUE, amount, cause)


def request_mail(card: GiftCard) -> None:
    """Have the card's code mailed by a job, within the caller's transaction."""
    outbox.add(events.GiftCardIssued(gift_card_id=card.pk, wanted_id=uuid7()))


# --- Found ---------------------------------------------------------------------------------------
def find_cards(codes: Sequence[str], *, customer: Customer) -> list[GiftCard]:
    """Return the cards with these codes, in their order, also those that cannot be used.

    Locks nothing; one query a code. Codes that are none are counted, for the network and the
    customer who tries them.

    Raises:
        GiftCardUnknown: there is none with one of these codes.
        markrin.api.errors.RateLimited: too many such codes were tried.
    """
    return [_find_card(code, customer) for code in codes]


def _find_card(code: str, customer: Customer) -> GiftCard:
    code_tries.count_tries("gift_card", 1, customer=customer)
    card = GiftCard.objects.filter(
        code_hash__in=gift_card_codes.list_hashes(code)
    ).first()
    if card is None:
        raise errors.GiftCardUnknown
    code_tries.give_back_tries("gift_card", 1, customer=customer)
    return card


@dataclass(frozen=True)
class CardBalance:
    """What is left on a card; `usable`: one can pay with it now."""

    last4: str
    balance: Decimal
    currency: str
    expires_at: datetime | None
    usable: bool


def check_balance(code: str, *, customer: Customer) -> CardBalance:
    """Return what is left on a card. Raises: GiftCardUnknown, RateLimited."""
    (card,) = find_cards([code], customer=customer)
    return CardBalance(
        card.last4, card.balance, card.currency, card.expires_at, is_usable(card)
    )


def is_usable(card: GiftCard) -> bool:
    """Return whether one can pay with the card now."""
    return (
        card.balance > 0
        and not card.is_blocked
        and card.currency == settings.SHOP_CURRENCY
        and (card.expires_at is None or card.expires_at > timezone.now())
    )


# --- Paid with, and credited ---------------------------------------------------------------------
@transactions.requires_transaction
def redeem(
    order: Order,
    used: Iterable[tuple[pricing.GiftCard, int]],
    cards: Iterable[GiftCard],
    *,
    actor: Actor,
) -> list[Payment]:
    """Pay of a new order what its quote takes from these cards, which are locked; return the
    payments.
    """
    by_id = {card.pk: card for card in cards}
    now, payments = timezone.now(), []
    for means, units in used:
        card = by_id[means.id]
        payment = Payment.objects.create(
            order=order,
            provider=PROVIDER_NAME,
            gift_card=card,
            amount=from_units(units, order.currency),
            currency=order.currency,
            state=PaymentState.SUCCEEDED,
            succeeded_at=now,
        )
        cause = _Cause(f"payment:{payment.pk}", actor, order=order)
        _move(card, GiftCardEntryKind.REDEEM, -payment.amount, cause)
        ledger.book_payment(payment)
        payments.append(payment)
    return payments


@transactions.requires_transaction
def credit_refund(order: Order, refund: Refund, *, actor: Actor) -> None:
    """Put a refund on its card; one that has expired can be spent for 90 days more. The refund's
    own entry in the ledger is the caller's. Locks: the card.
    """
    card = GiftCard.objects.locked().get(refunds=refund.pk)
    again = timezone.now() + REOPENED_FOR
    if card.expires_at is not None and card.expires_at < again:
        card.expires_at = again
        card.save(update_fields=["expires_at", "updated_at"])
    cause = _Cause(f"refund:{refund.pk}", actor, refund.reason, order)
    _move(card, GiftCardEntryKind.REFUND, refund.amount, cause)


@transactions.requires_transaction
def take_back_sold(
    order: Order, amount: Decimal, *, key: str, reason: str
) -> Decimal:
    """Take what an order of gift cards gives back off them, as far as they are not spent; return
    how much that was. `key` names the credit. Locks: its cards, in key order.
    """
    left = amount
    for card in GiftCard.objects.filter(order_line__order=order).locked():
        part = min(left, card.balance)
        if part > 0:
            cause = _Cause(f"{key}:{card.pk}", SYSTEM, reason, order)
            _move(card, GiftCardEntryKind.CORRECT, -part, cause)
            left -= part
    return amount - left


def count_unspent(order: Order) -> Decimal:
    """Return what is left on the cards that an order has bought. One query."""
    found = GiftCard.objects.filter(order_line__order=order).aggregate(
        sum=Sum("balance")
    )
    return found["sum"] or Decimal(0)


# --- By staff, and by the clock ------------------------------------------------------------------
@transactions.durable
def correct_card(
    *, card_id: UUID, amount: Decimal, reason: str, actor: Actor
) -> GiftCardEntry:
    """Put `amount` on a card, or below 0 take it off. Locks: the card.

    Raises: NotFound; GiftCardSpent where less is left.
    """
    card = _lock_card(card_id)
    cause = _Cause(f"correct:{uuid7()}", actor, reason)
    entry = _move(card, GiftCardEntryKind.CORRECT, amount, cause)
    _book(entry, GOODWILL)
    return entry


@transactions.durable
def set_blocked(*, card_id: UUID, blocked: bool) -> None:
    """Let nobody pay with a card, or let them again. Locks: the card. Raises: NotFound."""
    card = _lock_card(card_id)
    card.is_blocked = blocked
    card.save(update_fields=["is_blocked", "updated_at"])


def read_code(card: GiftCard) -> str:
    """Return a card's code, for staff who read it out. Raises: GiftCardUnreadable."""
    return gift_card_codes.decrypt(card.code_encrypted)


@transactions.durable
def set_expiry(*, card_id: UUID, expires_at: datetime | None) -> None:
    """Change when a card expires; None: never. Locks: the card. Raises: NotFound."""
    card = _lock_card(card_id)
    card.expires_at = expires_at
    card.save(update_fields=["expires_at", "updated_at"])


@transactions.durable
def mail_again(*, card_id: UUID) -> None:
    """Have the code mailed once more. Raises: NotFound, also for a card without an address."""
    card = GiftCard.objects.exclude(email="").filter(pk=card_id).first()
    if card is None:
        raise NotFound("The card has no address to mail it to.")
    request_mail(card)


def expire_cards() -> int:
    """Empty the cards whose time is up, each in a transaction of its own; return how many."""
    due = GiftCard.objects.filter(balance__gt=0, expires_at__lte=timezone.now())
    count = 0
    while ids := list(due.order_by("id").values_list("pk", flat=True)[:_BATCH]):
        count += sum(_expire_card(card_id) for card_id in ids)
    return count


@transactions.durable
def _expire_card(card_id: UUID) -> bool:
    card = _lock_card(card_id)
    if (
        not card.balance
        or card.expires_at is None
        or card.expires_at > timezone.now()
    ):
        return False
    empty_card(card, reason="It has expired.")
    return True


@transactions.requires_transaction
def empty_card(card: GiftCard, *, reason: str) -> None:
    """Let what is left on a locked card expire."""
    cause = _Cause(f"expire:{uuid7()}", SYSTEM, reason)
    _book(_move(card, GiftCardEntryKind.EXPIRE, -card.balance, cause), BREAKAGE)


def _lock_card(card_id: UUID) -> GiftCard:
    card = GiftCard.objects.locked().filter(pk=card_id).first()
    if card is None:
        raise NotFound
    return card


def show_amount(amount: Decimal, currency: str) -> str:
    """Return an amount with the currency's decimals."""
    return str(from_units(to_units(amount, currency), currency))


# --- Every movement ------------------------------------------------------------------------------
def _move(
    card: GiftCard, kind: GiftCardEntryKind, amount: Decimal, cause: _Cause
) -> GiftCardEntry:
    """Write a movement of a locked card. Raises: GiftCardSpent where less is left."""
    if card.balance + amount < 0:
        raise errors.GiftCardSpent(left=show_amount(card.balance, card.currency))
    entry = GiftCardEntry.objects.create(
        card=card,
        kind=kind,
        key=cause.key,
        amount=amount,
        order=cause.order,
        by_id=cause.actor.user_id,
        actor=cause.actor.kind,
        reason=cause.reason[:200],
    )
    GiftCard.objects.filter(pk=card.pk).update(
        balance=F("balance") + amount, updated_at=timezone.now()
    )
    card.balance += amount
    return entry


def _book(entry: GiftCardEntry, other_account: str) -> None:
    """Book a movement that no order's entry books: `other_account` gave or got it."""
    ledger.book(
        EntryKind.GIFT_CARD,
        f"gift-card:{entry.pk}",
        {GIFT_CARDS: -entry.amount, other_account: entry.amount},
        currency=entry.card.currency,
        note=entry.reason,
    )
