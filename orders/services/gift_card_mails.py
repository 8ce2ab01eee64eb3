"""What is mailed about gift cards and store credit. Jobs hold ids only: a code is read, and
decrypted, at the moment of sending.
"""

from uuid import UUID

from markrin import localized
from markrin.mail import sending
from orders import gift_card_codes
from orders.models import GiftCard, GiftCardEntry

Sent = dict[str, str] | None


def mail_gift_card(*, gift_card_id: UUID, wanted_id: UUID) -> Sent:
    """Mail a card's code to whom it is for. An erased customer gets none."""
    card = GiftCard.objects.get(pk=gift_card_id)
    if not card.email:
        return None
    return sending.send_mail(
        template="orders/gift_card",
        to=card.email,
        context=build_card_context(
            card, gift_card_codes.decrypt(card.code_encrypted)
        ),
        key=f"orders.gift_card:{wanted_id}",
        language=card.language or None,
    )


def build_card_context(card: GiftCard, code: str) -> dict[str, object]:
    """Return what the mail shows."""
    return {
        "code": code,
        "amount": localized.format_money(card.balance, card.currency),
        "expires_at": card.expires_at,
    }


def mail_store_credit(*, entry_id: UUID) -> Sent:
    """Tell a customer of new store credit."""
    entry = GiftCardEntry.objects.select_related("card__user").get(pk=entry_id)
    user = entry.card.user
    if user is None or not user.is_active:
        return None
    return sending.send_mail(
        template="orders/store_credit",
        to=user.email,
        context=build_credit_context(entry),
        key=f"orders.store_credit:{entry_id}",
        language=user.language or None,
    )


def build_credit_context(entry: GiftCardEntry) -> dict[str, object]:
    """Return what the mail shows."""
    currency = entry.card.currency
    return {
        "amount": localized.format_money(entry.amount, currency),
        "balance": localized.format_money(entry.card.balance, currency),
        "reason": entry.reason,
    }
