"""What search engines are told of a page: schema.org, as JSON-LD.

Source: schema.org; Google Search Central, "Merchant listing (Product, Offer) structured
data", "Product variant (ProductGroup, Product)" and "Breadcrumb", as read in 2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

Data = dict[str, Any]
_AVAILABILITY = {
    True: "https://schema.org/InStock",
    False: "https://schema.org/OutOfStock",
}
_AUDIENCE = {
    "men": ("male", "adult"),
    "women": ("female", "adult"),
    "unisex": ("unisex", "adult"),
    "boys": ("male", "kids"),
    "girls": ("female", "kids"),
}


def shop(info: Mapping[str, Any], *, url: str) -> list[Data]:
    """Return the shop as an organisation and its site with its search."""
    contact = info["contact"]
    organisation = _known(
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


def breadcrumbs(steps: Sequence[tuple[str, str]]) -> Data:
    """Return the way to a page: name and address of each step, the page itself last."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": url}
            for number, (name, url) in enumerate(steps, 1)
        ],
    }


def listing(products: Sequence[Mapping[str, Any]], *, url: str) -> Data:
    """Return the products of a list, as links to their own pages."""
    return {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "url": f"{url}/p/{each['slug']}"}
            for number, each in enumerate(products, 1)
        ],
    }


def product(shown: Mapping[str, Any], *, url: str, images: Sequence[str]) -> Data:
    """Return a product of the API: a group with an entry for each variant, or, where there
    is but one variant, a single product. `images` are absolute addresses.
    """
    gender, age = _AUDIENCE[shown["gender"]]
    common = _known(
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
            "aggregateRating": _rating(shown),
        }
    )
    variants = shown["variants"]
    if len(variants) == 1:
        single = _variant(shown, variants[0], url=url, images=images)
        return {"@context": "https://schema.org", **single, **common}
    return {
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "productGroupID": shown["id"],
        "url": url,
        **common,
        "variesBy": _varies_by(variants),
        "hasVariant": [
            _variant(shown, variant, url=url, images=images) for variant in variants
        ],
    }


def _variant(
    shown: Mapping[str, Any],
    variant: Mapping[str, Any],
    *,
    url: str,
    images: Sequence[str],
) -> Data:
    chosen = {key: variant[key] for key in ("color", "size") if variant[key]}
    words = " · ".join(chosen.values())
    address = f"{url}?{urlencode(chosen)}" if chosen else url
    return _known(
        {
            "@type": "Product",
            "sku": variant["sku"],
            "gtin": variant.get("barcode"),
            "name": f"{shown['name']} – {words}" if words else shown["name"],
            "image": _pictures_of(shown, variant, images)[:1],
            "color": variant["color"],
            "size": variant["size"],
            "offers": {
                "@type": "Offer",
                "url": address,
                "price": variant.get("price") or shown["price"],
                "priceCurrency": shown["currency"],
                "availability": _AVAILABILITY[bool(variant["inStock"])],
                "itemCondition": "https://schema.org/NewCondition",
            },
        }
    )


def _pictures_of(
    shown: Mapping[str, Any], variant: Mapping[str, Any], images: Sequence[str]
) -> list[str]:
    """Return the pictures that say that they show the variant's colour, else all of them."""
    color = variant["color"].casefold()
    own = [
        url
        for url, image in zip(images, shown["images"], strict=True)
        if color and color in image["altText"].casefold()
    ]
    return own or list(images)


def _varies_by(variants: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"https://schema.org/{key}"
        for key in ("color", "size")
        if len({variant[key] for variant in variants}) > 1
    ]


def _rating(shown: Mapping[str, object]) -> Data | None:
    if shown["rating"] is None:
        return None
    return {
        "@type": "AggregateRating",
        "ratingValue": shown["rating"],
        "reviewCount": shown["reviewCount"],
    }


def _known(data: Mapping[str, object]) -> Data:
    """Leave out what is not known: an empty value is a fault to a search engine."""
    return {key: value for key, value in data.items() if value not in (None, "", [])}
