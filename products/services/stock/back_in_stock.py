"""Wishes to hear when a variant can be bought again, and staff's corrections of the stock."""

from uuid import UUID

from markrin.api.client_address import network_of
from markrin.api.errors import Invalid, NotFound
from markrin.api.rate_limits import Limit, enforce_limit
from markrin.db import transactions
from markrin.db.models import uuid7
from products import errors
from products.models import BackInStockRequest, StockLevel, Variant
from products.schemas.variants import BackInStockWish, StockAdjustment, StockCount
from products.services.stock import movements


@transactions.durable
def notify_when_back(
    body: BackInStockWish,
    *,
    product_id: UUID,
    variant_id: UUID,
    user_id: UUID | None,
    account_email: str,
    address: str | None = None,
) -> None:
    """Remember that a customer, by account, or a guest, by `body.email`, wants to hear of the
    variant. Once is enough. `address` is the client's: wishes are limited by it, and by the
    e-mail address that is to be written to.

    Raises:
        NotFound: there is no such variant on sale.
        AlreadyInStock: it can be bought now.
        Invalid: a guest gave no address, or a customer gave one.
        markrin.api.errors.RateLimited: there are too many for this address or network.
    """
    if (user_id is None) == (body.email is None):
        code, message = (
            ("required", "This is required.")
            if user_id is None
            else ("unexpected", "Leave this out.")
        )
        raise Invalid.at("/email", code, message)
    variant = (
        Variant.objects.on_sale()
        .select_related("stock")
        .filter(pk=variant_id, product=product_id)
        .first()
    )
    if variant is None:
        raise NotFound
    if variant.stock.sellable > 0:
        raise errors.AlreadyInStock
    enforce_limit(Limit.named("wish_email"), (body.email or account_email).lower())
    enforce_limit(Limit.named("wish_network"), network_of(address))
    request = BackInStockRequest(
        variant=variant, user_id=user_id, email=body.email or account_email
    )
    BackInStockRequest.objects.bulk_create([request], ignore_conflicts=True)


@transactions.durable
def adjust_stock(
    body: StockAdjustment, *, variant_id: UUID, actor_id: UUID
) -> None:
    """Correct the pieces on hand, as staff counted them. Locks as `movements.move_stock`.

    Raises:
        NotFound: there is no such variant.
        StockUntracked: its stock is not counted.
        StockTooLow: fewer would be left than are promised to orders.
        StockTooHigh: more than a shelf holds.
    """
    if not Variant.objects.filter(pk=variant_id).exists():
        raise NotFound
    movements.record_adjustment(
        variant_id=variant_id,
        delta=body.delta,
        ref=str(uuid7()),
        actor_id=actor_id,
        note=body.note,
    )


@transactions.durable
def set_stock(body: StockCount, *, variant_id: UUID, actor_id: UUID) -> None:
    """Have so many pieces of a variant for sale: a movement of the difference. What is reserved
    for orders is not among them, and stays. None for sale is also less than none, where pieces
    are promised that are not there: then nothing moves. Locks: the level, then as
    `movements.move_stock`.

    Raises:
        NotFound: there is no such variant.
        StockUntracked: its stock is not counted.
        StockNotAsExpected: another number can be sold than `expected`.
        StockTooHigh: more than a shelf holds.
    """
    level = (
        StockLevel.objects.select_for_update(no_key=True)
        .filter(variant=variant_id)
        .first()
    )
    if level is None:
        raise NotFound
    count = level.count_in_stock
    if body.expected is not None and body.expected != count:
        raise errors.StockNotAsExpected(countInStock=count)
    if body.count_in_stock != count:
        delta = body.count_in_stock - (level.on_hand - level.reserved)
        movements.record_adjustment(
            variant_id=variant_id,
            delta=delta,
            ref=str(uuid7()),
            actor_id=actor_id,
            note=f"set to {body.count_in_stock}",
        )
