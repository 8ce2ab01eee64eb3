"""The parts of the tax that an order is charged, as rows."""

from collections.abc import Iterator, Sequence

from markrin.db.sql import new_instance
from orders.models import Order, OrderLine, OrderTax
from orders.models.tax import TaxedThing
from orders.pricing.quote import Quote
from orders.pricing.tax import Taxed


def list_order_taxes(
    order: Order, lines: Sequence[OrderLine], quote: Quote
) -> list[OrderTax]:
    """Return a row for each part of each line, of the shipping and of the fees, not saved."""
    return [
        new_instance(
            OrderTax,
            order=order,
            line=line,
            of=of,
            position=position,
            name=part.name,
            percent=part.percent,
            taxable=quote.money(taxed.taxable),
            amount=quote.money(part.amount),
        )
        for position, (of, line, taxed, part) in enumerate(
            (of, line, taxed, part)
            for of, line, taxed in _list_charges(lines, quote)
            for part in taxed.parts
        )
    ]


def _list_charges(
    lines: Sequence[OrderLine], quote: Quote
) -> Iterator[tuple[TaxedThing, OrderLine | None, Taxed]]:
    for line, priced in zip(lines, quote.lines, strict=True):
        yield TaxedThing.LINE, line, priced.taxed
    for taxed in quote.shipping_taxed:
        yield TaxedThing.SHIPPING, None, taxed
    for taxed in quote.fees_taxed:
        yield TaxedThing.FEES, None, taxed
