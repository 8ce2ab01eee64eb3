"""What stands on an invoice, as it was when it was written: frozen, and kept as JSON beside the
lines.
"""

import unicodedata
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Final, Self

import pycountry
from django.conf import settings
from django.utils import timezone

from accounts.state_codes import find_gst_state, get_gst_code
from orders.models import Invoice, Order, TaxSettings
from orders.models.invoice import InvoiceKind
from orders.models.order_status import ZeroRating
from orders.models.tax import SETTINGS_KEY, TaxScheme

# Source: CGST Rules 2017, rule 46, third proviso.
EXPORT_WORDS: Final = (
    "SUPPLY MEANT FOR EXPORT UNDER BOND OR LETTER OF UNDERTAKING"
    " WITHOUT PAYMENT OF INTEGRATED TAX"
)
EXPORT_TAXED_WORDS: Final = "SUPPLY MEANT FOR EXPORT ON PAYMENT OF INTEGRATED TAX"
# Source: Directive 2006/112/EC art. 226 (11).
EU_EXPORT_WORDS: Final = "VAT exempt: export, Directive 2006/112/EC art. 146"
EXEMPT_WORDS: Final = "No tax is charged: the buyer is exempt"
INTRA_COMMUNITY_WORDS: Final = (
    "VAT exempt: intra-Community supply, Directive 2006/112/EC art. 138"
)


@dataclass(frozen=True)
class Party:
    """Who sells or buys. `state` is as the rules want it: `29-Karnataka`."""

    name: str
    address: tuple[str, ...]
    tax_id: str = ""
    state: str = ""
    country: str = ""
    phone: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the party that was kept."""
        return cls(**{**data, "address": tuple(data["address"])})


@dataclass(frozen=True)
class InvoiceData:
    """What stands on an invoice besides its number, day, lines and amounts."""

    seller: Party
    buyer: Party
    order_number: str
    ordered_on: str
    scheme: str
    place_of_supply: str
    tax_included: bool
    payment_method: str
    words: tuple[str, ...] = ()
    reverse_charge: bool = False

    def to_json(self) -> dict[str, object]:
        """Return it as it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return what was kept; fields that a later version has added are left out."""
        known = {
            field.name: data[field.name]
            for field in fields(cls)
            if field.name in data
        }
        known |= {
            "seller": Party.from_json(data["seller"]),
            "buyer": Party.from_json(data["buyer"]),
            "words": tuple(data["words"]),
        }
        return cls(**known)


def build_data(order: Order, *, original: Invoice | None = None) -> InvoiceData:
    """Return what an invoice of this order shows now. One query.

    A note to an invoice shows what its invoice does.
    """
    if original is not None:
        return InvoiceData.from_json(original.data)
    tax = TaxSettings.objects.filter(pk=SETTINGS_KEY).first()
    scheme = tax.scheme if tax else ""
    return InvoiceData(
        seller=describe_seller(tax),
        buyer=_describe_buyer(order),
        order_number=order.number,
        ordered_on=timezone.localtime(order.created_at).date().isoformat(),
        scheme=scheme,
        place_of_supply=describe_place(order.supply_country, order.supply_state),
        tax_included=order.tax_included,
        payment_method=order.payment_method,
        words=tuple(_list_words(order, scheme)),
    )


def describe_seller(tax: TaxSettings | None) -> Party:
    """Return the shop as its settings and its registration describe it."""
    country = tax.country if tax else settings.SHOP_COUNTRY
    return Party(
        name=settings.SHOP_NAME,
        address=tuple(
            line for line in settings.SHOP_ADDRESS.split("\n") if line.strip()
        ),
        tax_id=settings.SHOP_TAX_ID,
        state=describe_place(country, tax.state_code)
        if tax and tax.state_code
        else "",
        country=country,
    )


def _describe_buyer(order: Order) -> Party:
    town = " ".join(filter(None, (order.postal_code, order.city)))
    lines = (order.street, town, order.state, country_name(order.country))
    state = order.state_code
    if order.tax_id and order.country == "IN":
        state = find_gst_state(order.tax_id) or state
    return Party(
        name=order.recipient,
        address=tuple(line for line in lines if line),
        tax_id=order.tax_id,
        state=describe_place(order.country, state) if state else "",
        country=order.country,
        phone=order.phone,
    )


def describe_place(country: str, state_code: str) -> str:
    """Return a place of supply as the rules write it: `29-Karnataka` in India, else the state and
    the country.
    """
    state = pycountry.subdivisions.get(code=state_code) if state_code else None  # type: ignore[no-untyped-call]
    name = _without_accents(state.name) if state is not None else ""
    if country == "IN" and name and (code := get_gst_code(state_code)):
        return f"{code}-{name}"
    return ", ".join(filter(None, (name, country_name(country))))


def _without_accents(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def country_name(code: str) -> str:
    """Return a country's English name."""
    country = pycountry.countries.get(alpha_2=code) if code else None
    return str(country.name) if country else code


def _list_words(order: Order, scheme: str) -> list[str]:
    """Return what the rules want written on it."""
    if scheme == TaxScheme.INDIA and order.country != "IN":
        zero = order.zero_rated == ZeroRating.EXPORT
        return [EXPORT_WORDS if zero else EXPORT_TAXED_WORDS]
    if order.zero_rated == ZeroRating.INTRA_COMMUNITY:
        return [INTRA_COMMUNITY_WORDS]
    if order.zero_rated == ZeroRating.EXEMPT:
        return [EXEMPT_WORDS]
    if order.zero_rated == ZeroRating.EXPORT:
        return [EU_EXPORT_WORDS]
    return []


def read_data(invoice: Invoice) -> InvoiceData:
    """Return what stands on an invoice that was kept."""
    return InvoiceData.from_json(invoice.data)


def financial_year(day: date, first_month: int) -> str:
    """Return the year of a day as series are named by it: `2627` from April 2026 to March 2027,
    `2026` where it is the calendar's.
    """
    if first_month == 1:
        return f"{day.year:04d}"
    first = day.year if day.month >= first_month else day.year - 1
    return f"{first % 100:02d}{(first + 1) % 100:02d}"


PREFIXES: Final[dict[str, str]] = {
    InvoiceKind.INVOICE: "INV",
    InvoiceKind.CREDIT_NOTE: "CRN",
    InvoiceKind.RECEIPT_VOUCHER: "RCV",
    InvoiceKind.REFUND_VOUCHER: "RFV",
}


def series_of(kind: InvoiceKind, day: date) -> str:
    """Return the series that an invoice of this kind and day is numbered in."""
    return PREFIXES[kind] + financial_year(day, settings.FINANCIAL_YEAR_STARTS)
