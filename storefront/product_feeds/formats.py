"""The forms of product feeds, and the rules that their readers have published.

Source of `google`: Google Merchant Center Help, "Product data specification"
(support.google.com/merchants/answer/7052112) and its pages of single attributes; Meta's catalogue
reads the same fields (developers.facebook.com, "Catalog Fields") within wider limits (title 200,
description 9,999, brand and id 100 characters).
Source of `agents`: OpenAI, "Product feed schema" (developers.openai.com/commerce/specs/feed and
…/file-upload/products), the flat form with the names of 2026: `item_id`, `url`, `image_url`,
`group_id`; the names of before (`id`, `link`, `item_group_id`) are refused.
In November 2026 excerpts of these pages and what others wrote from them were compared, not the
pages as a whole; no feed has been sent to a reader yet. Whoever mends a field here looks it up
again.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Final

import orjson
from django.conf import settings

from products.models import InventoryPolicy
from products.selectors.feed_items import FeedItem
from storefront.addresses import get_origin, make_absolute

Fields = list[tuple[str, str]]
escape: Final = partial(html.escape, quote=False)  # of XML's text
MAX_ID: Final = 50
MAX_TITLE: Final = 150
MAX_DESCRIPTION: Final = 5_000
MAX_BRAND: Final = 70
MAX_COLOR: Final = 100
MAX_SIZE: Final = 100
MAX_MATERIAL: Final = 200
MAX_MORE_IMAGES: Final = 10
_AUDIENCE: Final = {
    "men": ("male", "adult"),
    "women": ("female", "adult"),
    "unisex": ("unisex", "adult"),
    "boys": ("male", "kids"),
    "girls": ("female", "kids"),
}
# What XML 1.0 cannot hold; the catalogue's own rules leave next to nothing of it.
_NOT_XML: Final = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


class ItemLeftOut(Exception):
    """The reader would refuse this item; the text says why."""


@dataclass(frozen=True)
class FeedFormat:
    """How a feed is written: what stands before and after the items, and each item."""

    name: str
    file_name: str
    content_type: str
    head: Callable[[], bytes]
    item: Callable[[FeedItem], bytes]
    tail: bytes


def make_fields(item: FeedItem) -> Fields:
    """Return the fields that both readers know, under Google's names, in their order.

    Too long texts are cut at a word; what a reader would refuse for raises.

    Raises:
        ItemLeftOut: it has no picture, or costs nothing.
    """
    if not item.images:
        raise ItemLeftOut("it has no picture")
    if item.base_price <= 0:
        raise ItemLeftOut("it has no price")
    sku = item.sku if len(item.sku) <= MAX_ID else item.variant_id.hex
    gender, age_group = _AUDIENCE[item.gender]
    options = [text for text in (item.color, item.size) if text]
    title = " – ".join([item.name, *options])
    first, *more = [make_absolute(url) for url in item.images]
    fields = [
        ("id", sku),
        ("item_group_id", str(item.product_id)),
        ("title", _cut(title, MAX_TITLE)),
        ("description", _cut(item.description or title, MAX_DESCRIPTION)),
        ("link", make_absolute(f"/p/{item.slug}?sku={item.sku}")),
        ("image_link", first),
        *(("additional_image_link", url) for url in more[:MAX_MORE_IMAGES]),
        ("availability", _describe_availability(item)),
        ("price", _money(item.base_price)),
        *_sale(item),
        ("condition", "new"),
        ("brand", _cut(item.brand or settings.SHOP_NAME, MAX_BRAND)),
        ("gtin", item.barcode),
        ("mpn", "" if item.barcode else _cut(item.sku, 70)),
        ("product_type", " > ".join(item.category)[:750]),
        ("gender", gender),
        ("age_group", age_group),
        ("color", _cut(item.color, MAX_COLOR)),
        ("size", _cut(item.size, MAX_SIZE)),
        ("material", _cut(item.material, MAX_MATERIAL)),
    ]
    return [(name, value) for name, value in fields if value]


def _describe_availability(item: FeedItem) -> str:
    if not item.in_stock:
        return "out_of_stock"
    if (
        item.inventory_policy == InventoryPolicy.CONTINUE
        and not item.count_in_stock
    ):
        return "backorder"
    return "in_stock"


def _sale(item: FeedItem) -> Fields:
    if item.sale_price is None:
        return []
    fields = [("sale_price", _money(item.sale_price))]
    if item.sale_ends_at is not None:  # a range has two ends
        starts = item.sale_starts_at or datetime(2000, 1, 1, tzinfo=UTC)
        period = f"{_moment(starts)}/{_moment(item.sale_ends_at)}"
        fields.append(("sale_price_effective_date", period))
    elif item.sale_starts_at is not None and item.price == item.base_price:
        return []  # it is to come, for ever: said when it has begun
    return fields


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M+0000")


def _money(amount: Decimal) -> str:
    return f"{amount:.2f} {settings.SHOP_CURRENCY}"


def _cut(text: str, most: int) -> str:
    clean = _NOT_XML.sub("", text)
    if len(clean) <= most:
        return clean
    return clean[: most - 1].rsplit(" ", 1)[0][: most - 1] + "…"


# --- Google Merchant Center, and Meta: RSS 2.0 -------------------------------------------------
def _google_head() -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
        f"<title>{escape(settings.SHOP_NAME)}</title>\n"
        f"<link>{escape(get_origin())}/</link>\n"
        f"<description>{escape(settings.SHOP_NAME)}</description>\n"
    ).encode()


def _google_item(item: FeedItem) -> bytes:
    lines = (
        f"<g:{name}>{escape(value)}</g:{name}>"
        for name, value in _with_weight(item)
    )
    return f"<item>{''.join(lines)}</item>\n".encode()


def _with_weight(item: FeedItem) -> Iterator[tuple[str, str]]:
    for name, value in make_fields(item):
        # Google takes "backorder" only with the day of sending, which nobody knows. Source:
        # "Availability date" (support.google.com/merchants/answer/6324470).
        is_undated = (name, value) == ("availability", "backorder")
        yield name, "out_of_stock" if is_undated else value
    if item.weight_g:
        yield "shipping_weight", f"{item.weight_g} g"


# --- Agents: JSON Lines ------------------------------------------------------------------------
# Google's name → OpenAI's, where it is another one.
_AGENTS_NAMES: Final = {
    "id": "item_id",
    "item_group_id": "group_id",
    "link": "url",
    "image_link": "image_url",
    "product_type": "product_category",
}


def _agents_item(item: FeedItem) -> bytes:
    shown: dict[str, object] = {
        "is_eligible_search": True,
        "is_eligible_checkout": False,
    }
    more: list[str] = []
    for name, value in make_fields(item):
        if name == "additional_image_link":
            more.append(value.replace(",", "%2C"))  # commas part them
        elif name == "sale_price_effective_date":
            days = [moment[:10] for moment in value.split("/")]
            shown["sale_price_start_date"], shown["sale_price_end_date"] = days
        else:
            shown[_AGENTS_NAMES.get(name, name)] = value
    options = {"color": item.color, "size": item.size}
    if found := {name: value for name, value in options.items() if value}:
        shown["variant_dict"] = found
    shown |= {
        "item_group_title": _cut(item.name, MAX_TITLE),
        "listing_has_variations": item.has_variations,
        "seller_name": _cut(settings.SHOP_NAME, 70),
        "seller_url": f"{get_origin()}/",
        "store_country": settings.SHOP_COUNTRY,
        "target_countries": ",".join(settings.SHOP_COUNTRIES),
        "accepts_returns": settings.RETURN_WINDOW_DAYS > 0,
    }
    if settings.RETURN_WINDOW_DAYS > 0:
        shown["return_deadline_in_days"] = settings.RETURN_WINDOW_DAYS
    if more:
        shown["additional_image_urls"] = ",".join(more)
    if item.weight_g:
        shown |= {"weight": item.weight_g, "item_weight_unit": "g"}
    if item.rating is not None:
        shown |= {
            "star_rating": float(item.rating),
            "review_count": item.review_count,
        }
    return orjson.dumps(shown) + b"\n"


FORMATS: Final = {
    one.name: one
    for one in (
        FeedFormat(
            "google",
            "products.xml",
            "application/xml",
            _google_head,
            _google_item,
            b"</channel>\n</rss>\n",
        ),
        FeedFormat(
            "agents",
            "products.jsonl",
            "application/jsonl",
            lambda: b"",
            _agents_item,
            b"",
        ),
    )
}
