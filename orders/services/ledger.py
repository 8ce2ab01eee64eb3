"""The ledger of money: what the services that move money write into it, in their transaction.

    ledger.book_payment(order, payment)

Each books what has happened once: the entry's key is its cause, and a second booking of one key
does nothing. Amounts are in the order's currency. Debits are above 0, credits below.

What a customer owes (`receivable`) rises when goods leave the shop and falls by payments and by
credits. Paid ahead it is below 0: the shop owes goods, or the money.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from markrin.db.models import uuid7
from orders.models import (
    Dispute,
    Invoice,
    InvoiceLine,
    LedgerLine,
    Order,
    Payment,
    Payout,
    Refund,
)
from orders.models.gift_card import PROVIDER_NAME
from orders.models.invoice import InvoiceKind
from orders.models.ledger import (
    BANK,
    CASH,
    DISPUTED,
    EXCHANGES,
    FEES,
    GIFT_CARDS,
    LOSSES,
    PROVIDER,
    PROVIDER_FEES,
    RECEIVABLE,
    REVENUE,
    SHIPPING,
    TAX,
    EntryKind,
)
from orders.models.order_status import PaymentMethod
from orders.models.payment import EXCHANGE
from orders.models.tax import TaxedThing

Lines = Mapping[str, Decimal]  # account -> amount

_BOOK: Final = """
WITH entry AS (
    INSERT INTO orders_ledgerentry (id, kind, key, order_id, note)
    VALUES (%(id)s, %(kind)s, %(key)s, %(order)s, %(note)s)
    ON CONFLICT (key) DO NOTHING RETURNING id)
INSERT INTO orders_ledgerline (entry_id, account, amount, currency)
SELECT entry.id, line.account, line.amount, %(currency)s
FROM entry, unnest(%(accounts)s::text[], %(amounts)s::numeric[]) AS line (account, amount)
"""


def book(
    kind: EntryKind,
    key: str,
    lines: Lines,
    *,
    currency: str,
    order_id: UUID | None = None,
    note: str = "",
) -> bool:
    """Write an entry within the caller's transaction; return False if its key is booked already.

    One statement. Amounts of 0 are left out.

    Raises:
        ValueError: the lines do not add up to 0 (the database would refuse it at the commit).
    """
    moved = {account: amount for account, amount in lines.items() if amount}
    if sum(moved.values()) != 0:
        raise ValueError(f"{key}: the lines add up to {sum(moved.values())}")
    if not moved:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            _BOOK,
            {
                "id": uuid7(),
                "kind": kind,
                "key": key,
                "order": order_id,
                "note": note[:200],
                "currency": currency,
                "accounts": list(moved),
                "amounts": list(moved.values()),
            },
        )
        return bool(cursor.rowcount)


def account_of(provider: str) -> str:
    """Return where a payment's money lies: at the provider, for cash on delivery in cash, for an
    exchange between the two orders, and what a gift card paid was on the cards.
    """
    if provider == EXCHANGE:
        return EXCHANGES
    if provider == PROVIDER_NAME:
        return GIFT_CARDS
    return CASH if provider == PaymentMethod.COD else f"{PROVIDER}:{provider}"


# --- Payments and refunds ------------------------------------------------------------------------
def book_payment(payment: Payment) -> None:
    """A payment has succeeded: the customer owes less."""
    book(
        EntryKind.PAYMENT,
        f"payment:{payment.pk}",
        {account_of(payment.provider): payment.amount, RECEIVABLE: -payment.amount},
        currency=payment.currency,
        order_id=payment.order_id,
    )


def book_refund(order: Order, refund: Refund) -> None:
    """A refund has been paid out: the customer has got the money."""
    _book_refund(order, refund, "refund", refund.amount, refund.reason)


def unbook_refund(order: Order, refund: Refund) -> None:
    """A refund that had succeeded has failed after all: its money is back at the provider."""
    _book_refund(order, refund, "refund-failed", -refund.amount, refund.error)


def _book_refund(
    order: Order, refund: Refund, what: str, amount: Decimal, note: str
) -> None:
    payment = refund.payment
    account = account_of(payment.provider if payment else PaymentMethod.COD)
    if refund.exchange_id is not None:
        account = EXCHANGES
    if refund.gift_card_id is not None:  # store credit in place of money, too
        account = GIFT_CARDS
    book(
        EntryKind.REFUND,
        f"{what}:{refund.pk}",
        {RECEIVABLE: amount, account: -amount},
        currency=payment.currency if payment else order.currency,
        order_id=order.pk,
        note=note,
    )


# --- Sales ---------------------------------------------------------------------------------------
def book_invoice(invoice: Invoice, lines: Iterable[InvoiceLine]) -> None:
    """Goods are invoiced, so the customer owes them; or a credit note says that less is owed.

    A receipt voucher books nothing: the payment has been booked.
    """
    if invoice.kind not in (InvoiceKind.INVOICE, InvoiceKind.CREDIT_NOTE):
        return
    is_sale = invoice.kind == InvoiceKind.INVOICE
    sums: dict[str, Decimal] = {}
    for line in lines:
        account = _ACCOUNT_OF[TaxedThing(line.of)]
        sums[account] = sums.get(account, Decimal(0)) + line.charged - line.tax
        for part in line.taxes:
            account = tax_account(part["name"])
            sums[account] = sums.get(account, Decimal(0)) + Decimal(part["amount"])
    brought = _negative(sums) if is_sale else sums
    owed = invoice.total if is_sale else -invoice.total
    book(
        EntryKind.SALE if is_sale else EntryKind.CREDIT,
        f"{'sale' if is_sale else 'credit'}:{invoice.pk}",
        {RECEIVABLE: owed, **brought},
        currency=invoice.currency,
        order_id=invoice.order_id,
        note=invoice.reason,
    )


_ACCOUNT_OF: Final = {
    TaxedThing.LINE: REVENUE,
    TaxedThing.SHIPPING: SHIPPING,
    TaxedThing.FEES: FEES,
}


def tax_account(name: str) -> str:
    """Return the account of a part of a tax: `tax:CGST`."""
    return f"{TAX}:{re.sub(r'[^A-Za-z0-9_ .-]', '_', name)}"


def sale_key(order: Order) -> str:
    """Return the key of the sale of a whole order, from before there were invoices."""
    return f"sale:{order.pk}"


def book_gift_card_sale(order: Order) -> None:
    """Gift cards that are sold are no revenue: what they can buy is owed. There is no invoice."""
    _book_of_order(
        EntryKind.SALE,
        sale_key(order),
        {RECEIVABLE: order.total, GIFT_CARDS: -order.total},
        order,
    )


def book_gift_card_credit(
    order: Order, key: str, amount: Decimal, *, from_cards: Decimal, note: str
) -> None:
    """Less is owed for gift cards that were sold: `from_cards` is what was taken off them, the
    rest is spent, and lost.
    """
    lines = {
        GIFT_CARDS: from_cards,
        LOSSES: amount - from_cards,
        RECEIVABLE: -amount,
    }
    _book_of_order(EntryKind.CREDIT, key, lines, order, note=note)


def book_credit(order: Order, key: str, amount: Decimal, *, note: str = "") -> None:
    """Less is owed for goods whose sale is older than invoices: what they brought is taken back by
    its share.

    The shares are of all credits so far, rounded once: credits of the whole total give back
    exactly what the sale had booked.
    """
    before = credited(order)
    lines = {
        account: _share(part, before + amount, order.total)
        - _share(part, before, order.total)
        for account, part in parts_of(order).items()
        if account != REVENUE
    }
    lines[REVENUE] = amount - sum(lines.values())
    _book_of_order(
        EntryKind.CREDIT, key, {**lines, RECEIVABLE: -amount}, order, note=note
    )


def credited(order: Order) -> Decimal:
    """Return how much of the order's sale was taken back so far. One query."""
    found = LedgerLine.objects.filter(
        entry__order=order, entry__kind=EntryKind.CREDIT, account=RECEIVABLE
    ).aggregate(sum=Sum("amount"))["sum"]
    return -(found or Decimal(0))


def owed(order_id: UUID) -> Decimal:
    """Return what the customer owes for the order by the ledger; below 0 if it is the shop."""
    found = LedgerLine.objects.filter(
        entry__order=order_id, account=RECEIVABLE
    ).aggregate(sum=Sum("amount"))["sum"]
    return found or Decimal(0)


def parts_of(order: Order) -> dict[str, Decimal]:
    """Return what an order's total consists of, by account: all of it once."""
    return {
        REVENUE: order.total - order.shipping - order.cod_fee - order.tax,
        SHIPPING: order.shipping,
        FEES: order.cod_fee,
        TAX: order.tax,
    }


# --- At the provider -----------------------------------------------------------------------------
def book_dispute(
    order: Order, dispute: Dispute, *, withdrawn_before: Decimal
) -> None:
    """A provider has taken money for a dispute, or has given it back; a lost one is a loss."""
    at_provider = account_of(dispute.payment.provider)
    taken = dispute.withdrawn - withdrawn_before
    key = f"dispute:{dispute.pk}"
    _book_of_order(
        EntryKind.DISPUTE,
        f"{key}:{dispute.status}:{dispute.withdrawn}",
        {DISPUTED: taken, at_provider: -taken},
        order,
        note=dispute.reason,
    )
    if dispute.status == "lost":
        _book_of_order(
            EntryKind.DISPUTE,
            f"{key}:loss",
            {LOSSES: dispute.withdrawn, DISPUTED: -dispute.withdrawn},
            order,
            note=dispute.reason,
        )


def book_payout(payout: Payout) -> None:
    """A provider has paid out: what arrives in the bank, and what it kept as fees."""
    lines = {
        BANK: payout.amount,
        PROVIDER_FEES: payout.fees,
        account_of(payout.provider): -(payout.amount + payout.fees),
    }
    book(
        EntryKind.PAYOUT,
        f"payout:{payout.provider}:{payout.provider_ref}",
        lines,
        currency=payout.currency,
    )


def unbook_payout(payout: Payout) -> None:
    """A payout came back from the bank: only the fees are gone."""
    book(
        EntryKind.PAYOUT,
        f"payout-failed:{payout.provider}:{payout.provider_ref}",
        {BANK: -payout.amount, account_of(payout.provider): payout.amount},
        currency=payout.currency,
    )


def _book_of_order(
    kind: EntryKind, key: str, lines: Lines, order: Order, *, note: str = ""
) -> bool:
    return book(
        kind, key, lines, currency=order.currency, order_id=order.pk, note=note
    )


def _negative(parts: Lines) -> Lines:
    return {account: -amount for account, amount in parts.items()}


def _share(part: Decimal, amount: Decimal, total: Decimal) -> Decimal:
    return (part * amount / total).quantize(Decimal("0.01"), ROUND_HALF_UP)


def balances(accounts: Sequence[str] = ()) -> dict[tuple[str, str], Decimal]:
    """Return the sum of each account and currency, or of these accounts. One query."""
    lines = (
        LedgerLine.objects.filter(account__in=accounts)
        if accounts
        else LedgerLine.objects
    )
    summed = (
        lines.values_list("account", "currency")
        .annotate(sum=Sum("amount"))
        .order_by()
    )
    return {(account, currency): amount for account, currency, amount in summed}
