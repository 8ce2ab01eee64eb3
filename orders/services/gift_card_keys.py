"""Turning over the keys of gift cards."""

from typing import Final
from uuid import UUID

from markrin.db import transactions
from orders import errors, gift_card_codes
from orders.models import GiftCard
from orders.models.gift_card import GiftCardKind

_BATCH: Final = 500
_LOWEST: Final = UUID(int=0)


def rotate_keys() -> tuple[int, int]:
    """Keep every code under the first of GIFT_CARD_KEYS; return how many are, and how many no key
    can read. In batches, each a transaction: what is stopped can be started again.
    """
    done, unreadable, after = 0, 0, _LOWEST
    while True:
        last, good, bad = _rotate_batch(after)
        if last is None:
            return done, unreadable
        done, unreadable, after = done + good, unreadable + bad, last


@transactions.durable
def _rotate_batch(after: UUID) -> tuple[UUID | None, int, int]:
    """Locks: the cards, in key order."""
    cards = list(
        GiftCard.objects.filter(kind=GiftCardKind.CARD, pk__gt=after).locked()[
            :_BATCH
        ]
    )
    good = 0
    for card in cards:
        try:
            code = gift_card_codes.decrypt(card.code_encrypted)
        except errors.GiftCardUnreadable:
            continue
        card.code_hash = gift_card_codes.list_hashes(code)[0]
        card.code_encrypted = gift_card_codes.encrypt(code)
        card.save(update_fields=["code_hash", "code_encrypted", "updated_at"])
        good += 1
    return (cards[-1].pk if cards else None), good, len(cards) - good
