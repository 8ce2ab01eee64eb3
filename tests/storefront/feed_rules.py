"""What the readers of product feeds demand of every item, and how a feed is read.

Sources: Google Merchant Center Help, "Product data specification" (support.google.com/merchants/
answer/7052112; of the page only excerpts were read: attributes in English, an id of 50 characters
at most, one that is unique and stays; the other limits are what others have built from it), and
OpenAI, "Product feed schema", the names of 2026 (excerpts, too).
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import IO
from xml.etree import ElementTree as ET

Item = dict[str, list[str]]
G = "{http://base.google.com/ns/1.0}"
MONEY = r"[0-9]+\.[0-9]{2} [A-Z]{3}"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+-][0-9]{4}"
# Field → what its reader takes. Source: Google Merchant Center, "Product data specification".
GOOGLE: dict[str, str] = {
    "id": r"\S(.{0,48}\S)?",
    "item_group_id": r"[A-Za-z0-9-]{1,50}",
    "title": r"(?s).{1,150}",
    "description": r"(?s).{1,5000}",
    "link": r"https?://\S{1,1990}",
    "image_link": r"https?://\S{1,1990}",
    "additional_image_link": r"https?://\S{1,1990}",
    "availability": "in_stock|out_of_stock|preorder|backorder",
    "price": MONEY,
    "sale_price": MONEY,
    "sale_price_effective_date": f"{DAY}/{DAY}",
    "condition": "new|refurbished|used",
    "brand": r".{1,70}",
    "gtin": r"[0-9]{8}|[0-9]{12,14}",
    "mpn": r".{1,70}",
    "product_type": r".{1,750}",
    "gender": "male|female|unisex",
    "age_group": "newborn|infant|toddler|kids|adult",
    "color": r".{1,100}",
    "size": r".{1,100}",
    "material": r".{1,200}",
    "shipping_weight": r"[0-9]+ g",
}
REQUIRED = {
    *("id", "title", "description", "link", "image_link", "availability"),
    *("price", "condition", "brand", "item_group_id", "gender", "age_group"),
}
# Source: OpenAI, "Product feed schema", the names of 2026; an unknown name is a fault.
AGENTS = {
    **{
        name: GOOGLE[name]
        for name in (
            *("title", "description", "price", "sale_price", "condition", "brand"),
            *("gtin", "mpn", "gender", "age_group"),
        )
    },
    "is_eligible_search": "True",
    "is_eligible_checkout": "False",
    "item_id": r"\S(.{0,98}\S)?",
    "group_id": r"[A-Za-z0-9-]{1,70}",
    "url": r"https?://\S+",
    "image_url": r"https?://\S+",
    "additional_image_urls": r"https?://[^,\s]+(,https?://[^,\s]+)*",
    "availability": "in_stock|out_of_stock|pre_order|backorder|unknown",
    "sale_price_start_date": r"\d{4}-\d\d-\d\d",
    "sale_price_end_date": r"\d{4}-\d\d-\d\d",
    "product_category": r".{1,750}",
    "color": r".{1,40}",
    "size": r".{1,20}",
    "material": r".{1,100}",
    "variant_dict": r"\{'(color|size)': '[^']+'(, 'size': '[^']+')?\}",
    "item_group_title": r".{1,150}",
    "listing_has_variations": "True|False",
    "seller_name": r".{1,70}",
    "seller_url": r"https?://\S+",
    "store_country": "[A-Z]{2}",
    "target_countries": "[A-Z]{2}(,[A-Z]{2})*",
    "accepts_returns": "True|False",
    "return_deadline_in_days": r"[1-9][0-9]*",
    "weight": r"[1-9][0-9]*",
    "item_weight_unit": "g|kg|oz|lb",
    "review_count": r"[1-9][0-9]*",
    "star_rating": r"[0-5](\.[0-9]{1,2})?",
}
AGENTS_REQUIRED = {
    *(
        "item_id",
        "title",
        "description",
        "url",
        "brand",
        "seller_name",
        "image_url",
    ),
    *("availability", "price", "target_countries", "store_country"),
    *("is_eligible_search", "is_eligible_checkout"),
    *("group_id", "listing_has_variations"),
}


def find_faults(item: Item, rules: dict[str, str], needed: set[str]) -> list[str]:
    """Return what the reader would refuse of an item."""
    faults = [f"{name} is missing" for name in needed - item.keys()]
    for name, values in item.items():
        if name not in rules:
            faults.append(f"{name} is unknown")
        elif len(values) > (10 if name == "additional_image_link" else 1):
            faults.append(f"{name} stands there {len(values)} times")
        faults += [
            f"{name}: {value[:80]!r}"
            for value in values
            if name in rules and not re.fullmatch(rules[name], value)
        ]
    if "gtin" not in item and not {"brand", "mpn"} <= item.keys():
        faults.append("neither gtin nor brand and mpn")
    if "sale_price" in item and not (
        amount(item, "sale_price") < amount(item, "price")
    ):
        faults.append("sale_price is not below price")
    return faults


def amount(item: Item, name: str) -> Decimal:
    """Return the number of an amount such as `12.00 INR`."""
    return Decimal(item[name][0].split()[0])


def read_google(file: IO[bytes]) -> Iterator[Item]:
    """Yield the items of an RSS 2.0 feed, one in memory at a time."""
    nodes = ET.iterparse(file, events=("start", "end"))  # noqa: S314 (our own)
    _, root = next(nodes)
    if (root.tag, root.get("version")) != ("rss", "2.0"):
        raise ValueError("this is no RSS 2.0")
    for event, node in nodes:
        if event == "end" and node.tag == "item":
            item: Item = {}
            for field in node:
                item.setdefault(field.tag.removeprefix(G), []).append(
                    field.text or ""
                )
            yield item
            root[0].remove(node)


def read_agents(file: IO[bytes]) -> Iterator[Item]:
    """Yield the items of a feed of JSON lines."""
    for line in file:
        yield {name: [str(value)] for name, value in json.loads(line).items()}


RULES = {
    "google": (read_google, GOOGLE, REQUIRED),
    "agents": (read_agents, AGENTS, AGENTS_REQUIRED),
}
