"""What is read: carts and orders for their shoppers, orders and coupons for staff. Locks
nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.api.pagination import CursorPage, Page, fetch_page
from markrin.api.schemas import PageParams
from orders import cart_lines, cart_summary, gateways, shipping_options
from orders.cart_lookup import find_cart
from orders.cart_summary import CartSummary, CartWish
from orders.customer_identity import Customer
from orders.gateways import local
from orders.models import (
    Coupon,
    Fulfilment,
    GiftCard,
    GiftCardEntry,
    Invoice,
    Order,
    OrderLine,
    Payment,
    ReturnRequest,
)
from orders.models.gift_card import GiftCardKind
from orders.models.invoice import InvoiceKind
from orders.models.order_status import OrderStatus
from orders.pricing.shipping import Destination
from orders.promotion_terms import Person
from orders.shipping_offers import ShippingOption
from orders.staff_schemas import CouponFilter, OrderFilter, ReturnFilter

NEWEST = ("-created_at", "-id")
_MAX_BY_CODE = 1_000  # orders that a SKU leads to, the newest
_YEARS = 10  # whose orders are found by the end of their number alone: an index finds whole numbers


def get_cart(*, customer: Customer, wish: CartWish | None = None) -> CartSummary:
    """Return the shopper's whole cart, quoted as the shopper wishes; an empty one where there is
    none. Two queries that are sent at once, five where it has lines.
    """
    found = cart_lines.find_shown(customer)
    return cart_summary.summarize_cart(
        found.cart if found else None,
        token=customer.token,
        wish=wish,
        items=found.items if found else [],
    )


def list_shipping_options(
    place: Destination | None, *, customer: Customer
) -> list[ShippingOption]:
    """Return how the shopper's cart can be sent to this place, else to where it usually goes, the
    cheapest way first. Six queries at most.

    Raises:
        errors.NotDeliveredThere: it cannot be.
    """
    user = customer.user
    person = Person(user.pk, user.email) if user else Person(None, "")
    return shipping_options.list_options(
        find_cart(customer), place=place, person=person
    )


def list_orders(
    params: PageParams, *, customer: Customer
) -> Page[Order] | CursorPage[Order]:
    """Return the customer's orders, newest first: the same number of queries for one as for
    many.
    """
    return fetch_page(
        Order.objects.for_customer(customer.user).with_lines(),
        order=NEWEST,
        page=params.page,
        limit=params.limit,
        cursor=params.cursor,
    )


def get_order(*, customer: Customer, order_id: UUID) -> Order:
    """Return one's own order with what is shown of it. Raises: NotFound, also for somebody
    else's.
    """
    order = Order.objects.with_lines().filter(pk=order_id).first()
    if order is None or not customer.owns(order):
        raise NotFound
    return order


def get_return(
    *, customer: Customer, order_id: UUID, request_id: UUID
) -> ReturnRequest:
    """Return a return of one's own order. Raises: NotFound, also for somebody else's."""
    order = get_order(customer=customer, order_id=order_id)
    return get_any_return(request_id=request_id, order_id=order.pk)


@dataclass(frozen=True)
class StoreCredit:
    """What a customer has as store credit, with the latest entries."""

    balance: Decimal
    currency: str
    entries: list[GiftCardEntry]


def get_store_credit(*, customer: Customer) -> StoreCredit:
    """Return the customer's store credit, 0 where there is none. Two queries at most."""
    card = GiftCard.objects.filter(
        user=customer.user,
        kind=GiftCardKind.STORE_CREDIT,
        currency=settings.SHOP_CURRENCY,
    ).first()
    if card is None:
        return StoreCredit(Decimal(0), settings.SHOP_CURRENCY, [])
    entries = card.entries.annotate(order_number=F("order__number")).order_by("-id")
    return StoreCredit(card.balance, card.currency, list(entries[:50]))


def list_invoices(*, order: Order) -> list[Invoice]:
    """Return the order's invoices, notes and vouchers, the first first; without those whose
    time is over. One query.
    """
    return list(
        order.invoices.filter(anonymised_at=None).order_by("issued_at", "id")
    )


def get_invoice(*, order: Order, invoice_id: UUID | None = None) -> Invoice:
    """Return one of the order's invoices, notes and vouchers; without an id its newest invoice.

    Raises: NotFound, also before there is one.
    """
    found = order.invoices.filter(anonymised_at=None)
    if invoice_id is not None:
        found = found.filter(pk=invoice_id)
    else:
        found = found.filter(kind=InvoiceKind.INVOICE)
    invoice = found.order_by("-issued_at", "-id").first()
    if invoice is None:
        raise NotFound
    return invoice


# --- Staff ---------------------------------------------------------------------------------------


def list_all_orders(params: OrderFilter) -> Page[Order] | CursorPage[Order]:
    """Return all orders that fit every filter, newest first, with their lines."""
    wanted = {
        "status__in": params.status,
        "payment_status__in": params.payment_status,
        "payment_method": params.payment_method,
        "created_at__gte": params.placed_from,
        "created_at__lt": params.placed_until,
        "user": params.customer_id,
    }
    orders = Order.objects.filter(
        **{name: value for name, value in wanted.items() if value is not None}
    )
    if params.attention is not None:
        without = Q(attention="")
        orders = orders.filter(~without if params.attention else without)
    if params.tag:
        orders = orders.filter(tags__contains=[params.tag])
    if params.search:
        orders = orders.filter(match_search(params.search))
    return fetch_page(
        orders.annotate(item_count=Sum("lines__quantity")).prefetch_related(
            "lines"
        ),
        order=NEWEST,
        page=params.page,
        limit=params.limit,
        cursor=params.cursor,
    )


def match_search(text: str) -> Q:
    """Return what staff mean, as a condition: an address with an @; else a number, a telephone,
    part of a name, a city, a postal code, a SKU or a tracking number.

    Each is answered by an index. What stands in other tables is looked up first, at most two
    queries: a condition over several tables would have PostgreSQL read them all.
    """
    if "@" in text:
        return Q(email=text.lower())
    upper = text.upper()
    found = Q(number=upper) | Q(recipient__icontains=text) | Q(city__iexact=text)
    found |= Q(postal_code__in={text, upper, upper.replace(" ", "")})
    if " " not in text:
        found |= Q(pk__in=_find_by_code({text, upper}))
    if (
        text.isascii() and text.isdecimal() and len(text) <= 6
    ):  # the end of a number, of this year or another
        this = timezone.localdate().year
        found |= Q(
            number__in=[
                f"MK-{year}-{text.zfill(6)}"
                for year in range(this, this - _YEARS, -1)
            ]
        )
    import phonenumbers  # not above: see markrin.api.fields.Phone

    try:
        number = phonenumbers.parse(text, settings.SHOP_COUNTRY)
    except phonenumbers.NumberParseException:
        return found
    return found | Q(
        phone=phonenumbers.format_number(
            number, phonenumbers.PhoneNumberFormat.E164
        )
    )


def _find_by_code(spelt: Collection[str]) -> list[UUID]:
    """Return the newest orders that a SKU is in, or of a parcel with a tracking number."""
    of_parcels = Fulfilment.objects.filter(tracking_number__in=spelt).order_by(
        "-id"
    )
    of_lines = OrderLine.objects.filter(variant__sku__in=spelt).order_by("-order")
    return [
        *of_parcels.values_list("order", flat=True)[:_MAX_BY_CODE],
        *of_lines.values_list("order", flat=True)[:_MAX_BY_CODE],
    ]


def get_any_order(*, order_id: UUID) -> Order:
    """Return an order with all that staff see: its private history, payments, refunds and
    returns. Raises: NotFound.
    """
    order = (
        Order.objects.with_lines()
        .prefetch_related(
            "payments", "refunds__by", "returns__lines", "returns__by"
        )
        .select_related("user")
        .filter(pk=order_id)
        .first()
    )
    if order is None:
        raise NotFound
    return order


def list_returns(
    params: ReturnFilter,
) -> Page[ReturnRequest] | CursorPage[ReturnRequest]:
    """Return the returns that customers asked for, newest first, in a fixed number of queries."""
    found = ReturnRequest.objects.with_lines()
    if params.status is not None:
        found = found.filter(status__in=params.status)
    if params.order_id is not None:
        found = found.filter(order=params.order_id)
    return fetch_page(
        found,
        order=NEWEST,
        page=params.page,
        limit=params.limit,
        cursor=params.cursor,
    )


def get_any_return(
    *, request_id: UUID, order_id: UUID | None = None
) -> ReturnRequest:
    """Return a return, of this order where one is named. Raises: NotFound."""
    found = ReturnRequest.objects.with_lines().filter(pk=request_id)
    if order_id is not None:
        found = found.filter(order=order_id)
    if (request := found.first()) is None:
        raise NotFound
    return request


def list_coupons(params: CouponFilter) -> Page[Coupon] | CursorPage[Coupon]:
    """Return the coupons, newest first."""
    coupons = Coupon.objects.select_related("promotion")
    if params.active is not None:
        coupons = coupons.filter(promotion__is_active=params.active)
    if params.code is not None:
        coupons = coupons.filter(code__startswith=params.code)
    return fetch_page(
        coupons,
        order=NEWEST,
        page=params.page,
        limit=params.limit,
        cursor=params.cursor,
    )


def get_coupon(*, coupon_id: UUID) -> Coupon:
    """Return a coupon. Raises: NotFound."""
    coupon = Coupon.objects.select_related("promotion").filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound
    return coupon


def get_test_payment(*, payment_id: UUID, token: str) -> Payment:
    """Return the payment that a page of the test gateway is about, with its order. Raises:
    NotFound.
    """
    payment = (
        Payment.objects.select_related("order")
        .filter(pk=payment_id, provider="test")
        .first()
    )
    known = gateways.current()
    if (
        payment is None
        or known is None
        or known.name != "test"
        or not local.is_page_token(payment_id, token)
    ):
        raise NotFound
    return payment


# Each branch by an index of its own: the one of a user's orders, the one of the guests' addresses.
_TOUCHED = """
SELECT placed.created_at FROM orders_order AS placed WHERE {condition}
UNION ALL
SELECT next.created_at FROM orders_order AS placed CROSS JOIN LATERAL (
    SELECT created_at FROM orders_order AS later
    WHERE later.user_id = placed.user_id AND later.status <> 'cancelled' AND {later_day}
    ORDER BY created_at LIMIT 1) AS next
WHERE {condition} AND placed.user_id IS NOT NULL
UNION ALL
SELECT next.created_at FROM orders_order AS placed CROSS JOIN LATERAL (
    SELECT created_at FROM orders_order AS later
    WHERE later.user_id IS NULL AND later.email = placed.email AND later.status <> 'cancelled'
        AND {later_day}
    ORDER BY created_at LIMIT 1) AS next
WHERE {condition} AND placed.user_id IS NULL AND placed.email <> ''
"""
_LATER_DAY = """later.created_at >= (
        date_trunc('day', placed.created_at AT TIME ZONE %(zone)s)
        + interval '1 day') AT TIME ZONE %(zone)s"""


def list_placed_at(
    *, order_id: UUID | None = None, changed_since: datetime | None = None
) -> list[datetime]:
    """Return when the order, or those that have changed since then, were placed; and their
    customers' next orders, those of a later day: whether these are their first may have
    changed with them. One query."""
    condition = (
        "placed.id = %(id)s" if order_id else "placed.updated_at >= %(since)s"
    )
    statement = _TOUCHED.replace("{condition}", condition).replace(
        "{later_day}", _LATER_DAY
    )
    values = {
        "id": order_id,
        "since": changed_since,
        "zone": settings.SHOP_TIME_ZONE,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [at for (at,) in cursor.fetchall()]


def count_by_status(*, start: datetime, end: datetime) -> dict[str, int]:
    """Return how many orders placed from `start` until before `end` are in each status,
    those without any as 0.
    """
    found = (
        Order.objects.filter(created_at__gte=start, created_at__lt=end)
        .values("status")
        .annotate(n=Count("pk"))
    )
    counts = {row["status"]: row["n"] for row in found.order_by()}
    return {status: counts.get(status, 0) for status in OrderStatus.values}


def list_recent_orders(*, most: int) -> list[Order]:
    """Return the newest orders, without their lines."""
    return list(Order.objects.order_by("-created_at", "-id")[:most])
