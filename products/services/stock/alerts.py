"""Who hears of the stock: customers that a variant is back, staff that it runs low."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from markrin.db import transactions
from markrin.mail import sending
from markrin.outbox import services as outbox
from markrin.outbox.handlers import Permanent
from products import events
from products.models import BackInStockRequest, LowStock, StockLevel, Variant

MAX_VARIANTS_A_MAIL = 100  # variants
MAX_WISHES_A_RUN = 1_000


def queue_alerts(*, variant_ids: Sequence[UUID]) -> None:
    """Queue what customers and staff should hear about these variants, as they are now.

    Within the caller's transaction. Each wish to hear is answered once, each fall to
    LOW_STOCK_AT pieces noted once. Locks: the wishes."""
    on_sale = Variant.objects.on_sale().filter(pk__in=variant_ids)
    left = dict(on_sale.values_list("pk", "stock__sellable"))
    back = [pk for pk, sellable in left.items() if sellable > 0]
    waiting = BackInStockRequest.objects.filter(variant__in=back, notified_at=None)
    _queue_back_in_stock(list(waiting.order_by("pk").select_for_update()))
    low = [pk for pk, sellable in left.items() if sellable <= settings.LOW_STOCK_AT]
    LowStock.objects.filter(variant__in=variant_ids).exclude(
        variant__in=low
    ).delete()
    LowStock.objects.bulk_create(
        [LowStock(variant_id=pk) for pk in sorted(low)], ignore_conflicts=True
    )


@transactions.durable
def queue_missed_wishes() -> int:
    """Answer the wishes whose variant can be bought although its stock has not moved: a restocked
    draft was published, an archived product is back, a variant was switched on again. Return how
    many; right by whichever door the product came back.

    Locks: these wishes; another run skips them.
    """
    buyable = Variant.objects.on_sale().filter(
        stock__sellable__gt=0, pk=OuterRef("variant")
    )
    waiting = BackInStockRequest.objects.filter(Exists(buyable), notified_at=None)
    found = list(
        waiting.order_by("pk").select_for_update(skip_locked=True, of=("self",))[
            :MAX_WISHES_A_RUN
        ]
    )
    if found:
        _queue_back_in_stock(found)
    return len(found)


def _queue_back_in_stock(requests: list[BackInStockRequest]) -> None:
    now = timezone.now()
    BackInStockRequest.objects.filter(
        pk__in=[request.pk for request in requests]
    ).update(notified_at=now)
    outbox.add(
        *(
            events.VariantCameBack(request_id=each.pk, round=int(now.timestamp()))
            for each in requests
        )
    )


def mail_back_in_stock(*, request_id: UUID) -> dict[str, str]:
    """Tell a customer that the variant is back; if it has sold out meanwhile, they wait again."""
    request = (
        BackInStockRequest.objects.select_related("variant__product")
        .filter(pk=request_id)
        .first()
    )
    if request is None:
        return {"skipped": "the wish is gone"}
    if (
        not Variant.objects.on_sale()
        .filter(pk=request.variant_id, stock__sellable__gt=0)
        .exists()
    ):
        _reopen_request(request)
        return {"skipped": "sold out again"}
    return sending.send_mail(
        template="products/back_in_stock",
        to=request.email,
        context={"variant": request.variant, "product": request.variant.product},
        key=f"products.mail_back_in_stock:{request.pk}",
    )


def _reopen_request(request: BackInStockRequest) -> None:
    with transaction.atomic():
        waiting = BackInStockRequest.objects.filter(
            variant=request.variant_id,
            email__iexact=request.email,
            notified_at=None,
        )
        if waiting.exists():
            request.delete()  # they have asked anew
        else:
            BackInStockRequest.objects.filter(pk=request.pk).update(
                notified_at=None
            )


@transactions.durable
def queue_low_stock_mails() -> int:
    """Queue a mail to each of STAFF_MAIL about the variants that ran low since the last
    one; return how many.

    Locks: these notes; another run skips them.
    """
    if not settings.STAFF_MAIL:
        return 0
    untold = (
        LowStock.objects.filter(told_at=None)
        .order_by("fell_at", "pk")
        .select_for_update(skip_locked=True)
    )
    found = list(untold[:MAX_VARIANTS_A_MAIL].values_list("pk", flat=True))
    if found:
        now = timezone.now()
        LowStock.objects.filter(pk__in=found).update(told_at=now)
        for recipient in range(len(settings.STAFF_MAIL)):
            outbox.add(
                events.VariantsRanLow(
                    tuple(found), recipient, round=int(now.timestamp())
                )
            )
    return len(found)


def mail_low_stock(
    *, variant_ids: Sequence[UUID], recipient: int, round_: int
) -> dict[str, str]:
    """Tell a member of staff which of these variants are low now.

    Raises:
        Permanent: STAFF_MAIL has become shorter.
    """
    if recipient >= len(settings.STAFF_MAIL):
        raise Permanent("STAFF_MAIL has no such recipient any more")
    levels = StockLevel.objects.filter(
        pk__in=variant_ids, sellable__lte=settings.LOW_STOCK_AT
    )
    low = list(
        levels.select_related("variant__product").order_by(
            "variant__product__name", "variant__position", "pk"
        )
    )
    if not low:
        return {"skipped": "all are above again"}
    key = f"products.mail_low_stock:{variant_ids[0]}:{round_}:{recipient}"
    context = {"levels": low, "threshold": settings.LOW_STOCK_AT}
    return sending.send_mail(
        template="products/low_stock",
        to=settings.STAFF_MAIL[recipient],
        context=context,
        key=key,
    )
