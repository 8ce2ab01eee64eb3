"""What is printed for a parcel: its label, its packing slip, and the bars of its number."""

from dataclasses import dataclass
from decimal import Decimal

import barcode  # type: ignore[import-untyped]  # it has no types

from accounts.address_lines import list_address_lines
from orders.models import Fulfilment, Order, OrderLine
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import PaymentMethod, PaymentStatus
from orders.pricing.money import from_units, part_of_line, to_units

_QUIET = 10  # modules of white on both sides. Source: ISO/IEC 15417, quiet zone of Code 128


@dataclass(frozen=True)
class ParcelPaper:
    """A parcel as it is printed; `parcel` None: what of the order is still to be packed. `cash`
    is what the courier collects, in the order's currency; None: nothing.
    """

    order: Order
    parcel: Fulfilment | None
    lines: list[tuple[OrderLine, int]]
    cash: Decimal | None
    bars: list[tuple[int, int]]
    bars_width: int

    @property
    def address(self) -> list[str]:
        """The lines of the address, the country's name in the language in use."""
        return list_address_lines(self.order)


def list_papers(order: Order) -> list[ParcelPaper]:
    """Return a paper for each packed parcel, else for each that is under way, else one for what is
    to be packed; of an order loaded by `queues.load_orders`. No query.
    """
    parcels = list(order.fulfilments.all())
    shown = [each for each in parcels if each.status == ParcelStatus.PACKED] or [
        each
        for each in parcels
        if each.status in (ParcelStatus.SHIPPED, ParcelStatus.UNDELIVERED)
    ]
    width, bars = draw_bars(order.number)
    if not shown:
        free = [(line, line.to_ship) for line in order.lines.all() if line.to_ship]
        return [ParcelPaper(order, None, free, None, bars, width)] if free else []
    lines = {line.pk: line for line in order.lines.all()}
    return [
        ParcelPaper(
            order,
            parcel,
            [(lines[row.line_id], row.quantity) for row in parcel.lines.all()],
            count_cash(order, parcel),
            bars,
            width,
        )
        for parcel in shown
    ]


def count_cash(order: Order, parcel: Fulfilment) -> Decimal | None:
    """Return what the courier collects for a parcel, in the order's currency; None for nothing.

    All parcels together collect what is owed: each the price of its pieces, the first also
    shipping and fees. An order loaded by `queues.load_orders`: no query.
    """
    if order.payment_method != PaymentMethod.COD or order.payment_status not in (
        PaymentStatus.UNPAID,
        PaymentStatus.FAILED,
    ):
        return None
    sent = [each for each in order.fulfilments.all() if each.status != "cancelled"]
    earlier = [each for each in sent if each.position < parcel.position]
    before = sum((_price_parcel(order, each) for each in earlier), Decimal(0))
    # What is paid already pays the first parcels.
    left = max(order.amount_paid - before, Decimal(0))
    return max(_price_parcel(order, parcel) - left, Decimal(0)) or None


def _price_parcel(order: Order, parcel: Fulfilment) -> Decimal:
    """Return what a parcel is worth: its pieces, and with the first shipping and fees."""
    earlier = [
        each
        for each in order.fulfilments.all()
        if each.status != "cancelled" and each.position < parcel.position
    ]
    units = 0
    for row in parcel.lines.all():
        line = next(each for each in order.lines.all() if each.pk == row.line_id)
        before = line.cancelled + sum(
            other.quantity
            for each in earlier
            for other in each.lines.all()
            if other.line_id == row.line_id
        )
        units += part_of_line(
            to_units(_charged(order, line), order.currency),
            row.quantity,
            line.quantity,
            before=before,
        )
    price = from_units(units, order.currency)
    if not earlier:
        price += order.total - sum(
            (_charged(order, line) for line in order.lines.all()), Decimal(0)
        )
    return price


def _charged(order: Order, line: OrderLine) -> Decimal:
    """Return what was charged for a line: after its discount, with its tax."""
    after: Decimal = line.line_total - line.discount
    return after if order.tax_included else after + line.tax


def draw_bars(text: str) -> tuple[int, list[tuple[int, int]]]:
    """Return a text as Code 128: the width of all, and each bar's place and width, in modules."""
    (modules,) = barcode.Code128(text).build()
    bars: list[tuple[int, int]] = []
    for place, module in enumerate(modules):
        if module != "1":
            continue
        if bars and bars[-1][0] + bars[-1][1] == place + _QUIET:
            bars[-1] = (bars[-1][0], bars[-1][1] + 1)
        else:
            bars.append((place + _QUIET, 1))
    return len(modules) + 2 * _QUIET, bars
