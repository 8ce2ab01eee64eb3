"""Descriptions of pages for search engines: schema.org, as JSON-LD.

Source: schema.org; Google Search Central, "Merchant listing (Product, Offer) structured
data", "Product variant (ProductGroup, Product)" and "Breadcrumb", as read in 2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.encoding import iri_to_uri

Data = dict[str, object]
_AUDIENCE = {
    "men": ("male", "adult"),
    "women": ("female", "adult"),
    "unisex": ("unisex", "adult"),
    "boys": ("male", "kids"),
    "girls": ("female", "kids"),
}


def describe_shop(info: Mapping[str, Any], *, url: str) -> list[Data]:
    """Return the shop as an organisation and its site with its search."""
    contact = info["contact"]
    organisation = _drop_empty(
        {
            "@type": "OnlineStore",
            "@id": f"{url}/#shop",
            "name": info["name"],
            "url": f"{url}/",
            "description": info["description"],
            "email": contact["email"],
            "telephone": contact["phone"],
        }
    )
    site = {
        "@type": "WebSite",
        "name": info["name"],
        "url": f"{url}/",
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{url}/shop?search={{search_term_string}}",
            "query-input": "required name=search_term_string",
        },
    }
    return [{"@context": "https://schema.org", "@graph": [organisation, site]}]


def describe_breadcrumbs(steps: Sequence[tuple[str, str]]) -> Data:
    """Return the breadcrumbs of a page: name and URL of each step, the page itself last."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": url}
            for number, (name, url) in enumerate(steps, 1)
        ],
    }


def describe_list(products: Sequence[Mapping[str, object]], *, url: str) -> Data:
    """Return the products of a list, as links to their own pages."""
    return {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": number,
                "url": url + iri_to_uri(f"/p/{product['slug']}"),
            }
            for number, product in enumerate(products, 1)
        ],
    }


def describe_product(
    shown: Mapping[str, Any], *, url: str, images: Sequence[str]
) -> Data:
    """Return a product: a ProductGroup of its variants, or a Product where it has only one.

    `shown` is the API's answer; `images` are absolute URLs.
    """
    gender, age = _AUDIENCE[shown["gender"]]
    common = _drop_empty(
        {
            "name": shown["name"],
            "description": shown["description"] or shown["name"],
            "image": list(images),
            "brand": {"@type": "Brand", "name": shown["brand"]}
            if shown["brand"]
            else None,
            "material": shown["material"],
            "audience": {
                "@type": "PeopleAudience",
                "suggestedGender": gender,
                "suggestedAge": {"@type": "QuantitativeValue", "minValue": 13}
                if age == "adult"
                else {"@type": "QuantitativeValue", "maxValue": 13},
            },
            "aggregateRating": _describe_rating(shown),
        }
    )
    variants = shown["variants"]
    if len(variants) == 1:
        single = _describe_variant(shown, variants[0], url=url, images=images)
        return {"@context": "https://schema.org", **single, **common}
    return {
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "productGroupID": shown["id"],
        "url": url,
        **common,
        "variesBy": _varies_by(variants),
        "hasVariant": [
            _describe_variant(shown, variant, url=url, images=images)
            for variant in variants
        ],
    }


def _describe_variant(
    shown: Mapping[str, Any],
    variant: Mapping[str, Any],
    *,
    url: str,
    images: Sequence[str],
) -> Data:
    chosen = {key: variant[key] for key in ("color", "size") if variant[key]}
    label = " · ".join(chosen.values())
    return _drop_empty(
        {
            "@type": "Product",
            "sku": variant["sku"],
            "gtin": variant.get("barcode"),
            "name": f"{shown['name']} – {label}" if label else shown["name"],
            "image": _pictures_of(shown, variant, images)[:1],
            "color": variant["color"],
            "size": variant["size"],
            "offers": {
                "@type": "Offer",
                "url": f"{url}?{urlencode(chosen)}" if chosen else url,
                "price": variant.get("price") or shown["price"],
                "priceCurrency": shown["currency"],
                "availability": f"https://schema.org/{_describe_availability(variant)}",
                "itemCondition": "https://schema.org/NewCondition",
            },
        }
    )


def _describe_availability(variant: Mapping[str, Any]) -> str:
    if not variant["inStock"]:
        return "OutOfStock"
    if variant["inventoryPolicy"] == "continue" and not variant["countInStock"]:
        return "BackOrder"
    return "InStock"


def _pictures_of(
    shown: Mapping[str, Any], variant: Mapping[str, Any], images: Sequence[str]
) -> list[str]:
    """Return the pictures whose alternative text names the variant's colour, else all."""
    color = variant["color"].casefold()
    pairs = zip(images, shown["images"], strict=True)
    of_color = [
        url
        for url, image in pairs
        if color and color in image["altText"].casefold()
    ]
    return of_color or list(images)


def _varies_by(variants: Sequence[Mapping[str, object]]) -> list[str]:
    return [
        f"https://schema.org/{key}"
        for key in ("color", "size")
        if len({variant[key] for variant in variants}) > 1
    ]


def _describe_rating(shown: Mapping[str, object]) -> Data | None:
    if shown["rating"] is None:
        return None
    return {
        "@type": "AggregateRating",
        "ratingValue": shown["rating"],
        "reviewCount": shown["reviewCount"],
    }


def _drop_empty(data: Mapping[str, object]) -> Data:
    """Return the data without empty values: search engines report them as faults."""
    return {
        key: value for key, value in data.items() if value not in (None, "", [])
    }
