"""The numbers of a period beside those of the period before it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Max, Sum
from django.db.models.functions import Coalesce

from analytics import days, report_cells
from analytics.models import DailyFunnel, DailySales
from analytics.report_cells import Cell
from analytics.selectors import reports
from orders import selectors as orders
from orders.models import Order

_TOP, _LOW, _RECENT = 10, 20, 10


@dataclass(frozen=True)
class Numbers:
    """A period's sums. Amounts are in the shop's currency; `average_order` is None where
    there was no order.
    """

    revenue: Decimal  # invoices less credit notes
    ordered: Decimal  # what the orders placed come to
    orders: int
    units: int
    new_customers: int
    returning_customers: int
    funnel: dict[str, int]

    @property
    def average_order(self) -> Decimal | None:
        return (
            (self.ordered / self.orders).quantize(Decimal("0.01"))
            if self.orders
            else None
        )


@dataclass(frozen=True)
class Stats(Numbers):
    """The numbers of a period, those of the period before it, and what stands out."""

    previous: Numbers
    orders_by_status: dict[str, int]
    top_products: list[dict[str, Cell]]
    low_stock: list[dict[str, Cell]]
    recent_orders: list[Order]
    as_of: datetime | None


def get_stats(*, first: date, last: date) -> Stats:
    """Return what the dashboard shows for the shop's days from `first` to `last`, and the
    numbers of as many days before. A fixed number of queries."""
    span = last - first + timedelta(days=1)
    start, end = days.get_bounds(first, last)
    as_of: datetime | None = DailySales.objects.filter(
        day__range=(first, last)
    ).aggregate(at=Max("made_at"))["at"]
    return Stats(
        **vars(_sum_up_days(first, last)),
        previous=_sum_up_days(first - span, last - span),
        orders_by_status=orders.count_by_status(start=start, end=end),
        top_products=_list_rows("products", first, last, _TOP),
        low_stock=_list_rows("stock", last - timedelta(days=29), last, _LOW),
        recent_orders=orders.list_recent_orders(most=_RECENT),
        as_of=as_of,
    )


def _sum_up_days(first: date, last: date) -> Numbers:
    amounts = ("revenue", "ordered")
    names = (*amounts, "orders", "units", "new_customers", "returning_customers")
    sums = DailySales.objects.filter(day__range=(first, last)).aggregate(
        **{
            f"sum_{name}": Coalesce(Sum(name), Decimal(0) if name in amounts else 0)
            for name in names
        }
    )
    funnel = DailyFunnel.objects.filter(day__range=(first, last)).aggregate(
        views=Coalesce(Sum("views"), 0),
        carts=Coalesce(Sum("carts"), 0),
        checkouts=Coalesce(Sum("checkouts"), 0),
    )
    return Numbers(
        **{name: sums[f"sum_{name}"] for name in names},
        funnel={**funnel, "orders": sums["sum_orders"]},
    )


def _list_rows(
    name: str, first: date, last: date, limit: int
) -> list[dict[str, Cell]]:
    report = reports.get_report(
        name=name, first=first, last=last, interval="day", limit=limit
    )
    columns = report.definition.columns
    return [
        {
            column.name: report_cells.format_cell(value, column.kind)
            for column, value in zip(columns, row, strict=True)
        }
        for row in report.rows
    ]
