"""The gift cards that a cart can be paid with."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.conf import settings

from orders.models import GiftCard
from orders.models.gift_card import GiftCardKind, GiftCardQuerySet
from orders.pricing import quote as pricing
from orders.pricing.money import to_units


def list_usable(
    card_ids: Collection[UUID], *, credit_of: UUID | None, lock: bool = False
) -> list[GiftCard]:
    """Return those of the cards that can be paid with, as they were given, after the customer's
    store credit: one query, none where nothing is asked for. Locks: them, in key order, if so
    asked.
    """
    found: dict[UUID, GiftCard] = {}
    if card_ids or credit_of is not None:
        cards: GiftCardQuerySet = GiftCard.objects.usable().filter(
            currency=settings.SHOP_CURRENCY
        )
        wanted = cards.filter(pk__in=card_ids, kind=GiftCardKind.CARD)
        if credit_of is not None:
            wanted |= cards.filter(user=credit_of, kind=GiftCardKind.STORE_CREDIT)
        found = {
            card.pk: card
            for card in (wanted.locked() if lock else wanted.order_by("id"))
        }
    credit = [card for card in found.values() if card.kind != GiftCardKind.CARD]
    return [*credit, *(found[pk] for pk in card_ids if pk in found)]


def as_payment_means(cards: Iterable[GiftCard]) -> tuple[pricing.GiftCard, ...]:
    """Return the cards as a quote takes them."""
    return tuple(
        pricing.GiftCard(card.pk, card.last4, to_units(card.balance, card.currency))
        for card in cards
    )
