"""The data of each page of the shop: what its <head> says, its status, and the answers of
the API that the page would ask for first, so that a browser need not wait for them.

The paths are those of frontend/shop/src/app.tsx; the answers are those of its queries.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from markrin.api import errors
from markrin.api.fields import PageSlug
from markrin.api.schemas import PageParams
from products.schemas.products import ListProducts
from products.selectors import category_tree, collections, product_lists
from products.serializers import collections as collection_serializers
from products.serializers import products as serializers
from storefront import markdown, structured_data
from storefront import selectors as storefront_selectors
from storefront import serializers as storefront_serializers
from storefront.addresses import get_origin, make_absolute
from storefront.models import PageKind

Data = dict[str, Any]

PAGE_SIZE = 24  # as catalogue-query.ts asks
SHELF_SIZE = 12  # the default of the lists that the home page asks for
MAX_TITLE, MAX_DESCRIPTION = 70, 160  # characters that search engines show
_FILTERS = frozenset(
    [
        "category",
        "collection",
        "brand",
        "material",
        "color",
        "size",
        "gender",
        "tag",
        "colorFamily",
        "minPrice",
        "maxPrice",
        "inStock",
        "featured",
        "newArrival",
        "onSale",
        "search",
        "sort",
        "page",
    ]
)
_NARROWING = _FILTERS - {"page"}
_SIZES = {
    "hero": "(min-width: 56rem) 25rem, 56vw",
    "listed": "(min-width: 80rem) 15rem, (min-width: 62rem) 21vw, (min-width: 48rem) 31vw, 46vw",
    "product": "(min-width: 78rem) 42rem, (min-width: 52rem) 55vw, 94vw",
}


class Moved(Exception):
    """The page now has another path in this shop, for good."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Picture:
    """The first picture of a page, loaded before the page's scripts run."""

    url: str
    source_set: str
    sizes: str


@dataclass
class PageData:
    """One page of the shop.

    `title` is without the shop's name. `path` is the canonical one, without the language.
    `source` is the page's file in frontend/shop. `categories` is the whole tree, where the page
    has read it. `fresh_for_s` are the seconds until a price
    on the page changes, or None where none does.
    """

    title: str = ""
    description: str = ""
    path: str = ""
    status: int = 200
    kind: str = "website"
    noindex: bool = False
    image: str = ""
    picture: Picture | None = None
    structured_data: list[Data] = field(default_factory=list)
    data: Data = field(default_factory=dict)
    source: str = ""
    categories: list[Data] | None = None
    tags: set[str] = field(default_factory=set)
    cacheable: bool = True
    fresh_for_s: float | None = None


def _earliest(*seconds: float | None) -> float | None:
    return min((value for value in seconds if value is not None), default=None)


Query = Mapping[str, str]
PageReader = Callable[..., PageData]


def read_page(path: str, query: Query, *, language: str) -> PageData:
    """Return the page at a path (without its language). At most a dozen queries.

    Raises:
        Moved: the page has another path.
    """
    for pattern, read in _ROUTES:
        if match := pattern.fullmatch(path):
            try:
                return read(query, language=language, **match.groupdict())
            except (errors.NotFound, errors.Invalid, errors.PageTooDeep):
                break
    return PageData(
        title="Not found",
        status=404,
        noindex=True,
        source="src/pages/not-found.tsx",
        cacheable=False,
    )


def _read_home(query: Query, *, language: str) -> PageData:
    first = PageParams(limit=SHELF_SIZE)
    shelves = (
        product_lists.list_featured(first),
        product_lists.list_new_arrivals(first),
    )
    featured, arrivals = (
        serializers.ProductItemPage(shelf.page).data for shelf in shelves
    )
    info = storefront_selectors.get_shop(language=language)
    pictures = [item["image"] for item in featured["items"] if item["image"]]
    return PageData(
        title=info.headline,
        description=info.description,
        path="/",
        image=pictures[0]["url"] if pictures else "",
        picture=_describe_picture(pictures[0], "hero") if pictures else None,
        structured_data=structured_data.describe_shop(
            storefront_serializers.shop_data(info), url=get_origin()
        ),
        data={"featured": featured, "newArrivals": arrivals},
        tags={"products"},
        fresh_for_s=_earliest(*(shelf.fresh_for_s for shelf in shelves)),
    )


def _read_collection(query: Query, *, language: str, slug: str) -> PageData:
    filters = {name: value for name, value in query.items() if name in _FILTERS}
    collection = dict(
        collection_serializers.Collection(collections.get_collection(key=slug)).data
    )
    page = _describe_catalogue(filters, [])
    page.title = collection["seo"]["title"] or collection["name"]
    text = " ".join(collection["description"].split())
    page.description = (
        collection["seo"]["description"]
        or markdown.shorten_text(text, MAX_DESCRIPTION)
        or page.title
    )
    page.path = page.path.replace("/shop", f"/collections/{slug}", 1)
    page.cacheable = "search" not in filters and set(filters) == set(query)
    page.tags |= {"collections"}
    page.data["collection"] = collection
    address = make_absolute(f"/collections/{slug}")
    page.structured_data.append(
        structured_data.describe_breadcrumbs([(collection["name"], address)])
    )
    if "search" not in filters:
        params = {**filters, "inCollection": slug, "limit": str(PAGE_SIZE)}
        _add_products(page, params)
    return page


def _read_catalogue(query: Query, *, language: str, category: str = "") -> PageData:
    filters = {name: value for name, value in query.items() if name in _FILTERS}
    tree = category_tree.list_categories() if category else None
    categories = _find_category_path(tree or [], category)
    if category and not categories:
        raise errors.NotFound
    page = _describe_catalogue(filters, categories)
    page.categories = tree
    page.cacheable = "search" not in filters and set(filters) == set(query)
    if categories:
        steps = [_category_step(step) for step in categories]
        page.structured_data.append(structured_data.describe_breadcrumbs(steps))
    if not category and not filters:  # links to the collections stand there
        found = {"items": collections.list_collections()}
        page.data["collections"] = collection_serializers.Collections(found).data
        page.tags |= {"collections"}
    if "search" not in filters:  # what somebody types is asked for by their browser
        params = {"sort": "popularity", **filters}
        if category:
            params.setdefault("category", category)
        params["limit"] = str(PAGE_SIZE)
        _add_products(page, params)
    return page


def _describe_catalogue(filters: Query, categories: list[Data]) -> PageData:
    """Return the page of a list without its products."""
    category = categories[-1] if categories else None
    title = category["name"] if category else _list_title(filters)
    path = f"/shop/{category['slug']}" if category else "/shop"
    if filters.get("page", "1") != "1":
        path += f"?page={filters['page']}"
    return PageData(
        title=title,
        description=(category["description"] if category else "") or title,
        path=path,
        noindex="search" in filters or len(_NARROWING & set(filters)) > 1,
        source="src/pages/catalogue.tsx",
        tags={"products"},
    )


def _category_step(category: Data) -> tuple[str, str]:
    """Return a category's name and URL, for breadcrumbs."""
    return category["name"], make_absolute(f"/shop/{category['slug']}")


def _add_products(page: PageData, params: dict[str, str]) -> None:
    query = ListProducts().load({**params, "facets": "true"})
    listing = product_lists.list_products(query)
    products = serializers.ProductPage(listing).data
    if not products["items"] and products["page"] > 1:
        raise errors.NotFound
    page.fresh_for_s = listing.fresh_for_s
    page.data["products"] = {"query": params, "answer": products}
    pictures = [item["image"] for item in products["items"] if item["image"]]
    if pictures:
        page.image = pictures[0]["url"]
        page.picture = _describe_picture(pictures[0], "listed")
    page.structured_data.append(
        structured_data.describe_list(products["items"], url=get_origin())
    )


def _list_title(filters: Query) -> str:
    if filters.get("search"):
        return f"“{filters['search'][:MAX_TITLE]}”"
    flags = {"onSale": "Sale", "newArrival": "Just arrived"}
    flag = next((title for name, title in flags.items() if name in filters), "")
    return flag or filters.get("collection", "")[:MAX_TITLE] or "Everything"


def _find_category_path(tree: list[Data], slug: str) -> list[Data]:
    """Return the categories from the root down to the one with this slug, or none."""
    for category in tree:
        if category["slug"] == slug:
            return [category]
        if below := _find_category_path(category["children"], slug):
            return [category, *below]
    return []


def _read_product(query: Query, *, language: str, key: str) -> PageData:
    product, fresh_for_s = _find_product(key)
    path = f"/p/{product['slug']}"
    if product["slug"] != key:
        raise Moved(path)
    images = [make_absolute(image["url"]) for image in product["images"]]
    steps = [_category_step(step) for step in product["categoryPath"]]
    steps.append((product["name"], make_absolute(path)))
    seo = product["seo"]
    text = " ".join(product["description"].split())
    description = seo["description"] or markdown.shorten_text(text, MAX_DESCRIPTION)
    return PageData(
        title=seo["title"] or product["name"],
        description=description or product["name"],
        path=path,
        kind="product",
        image=product["images"][0]["url"] if images else "",
        picture=_describe_picture(_first_picture(product), "product")
        if images
        else None,
        structured_data=[
            structured_data.describe_product(
                product, url=make_absolute(path), images=images
            ),
            structured_data.describe_breadcrumbs(steps),
        ],
        data={"product": product},
        source="src/pages/product.tsx",
        tags={f"product:{product['id']}", "size-charts"},
        fresh_for_s=fresh_for_s,
        cacheable=not set(query) - {"color", "size"},
    )


def _find_product(key: str) -> tuple[Data, float | None]:
    try:
        product = product_lists.get_product(key=_parse_uuid(key) or key)
    except errors.NotFound:
        slug = product_lists.get_new_slug(former=key)
        if slug is None:
            raise
        raise Moved(f"/p/{slug}") from None
    return dict(serializers.ProductDetail(product).data), product["fresh_for_s"]


def _first_picture(product: Data) -> Data:
    """Return the picture that gallery.tsx shows first: of the first colour in stock."""
    variants = product["variants"]
    in_stock = [variant for variant in variants if variant["inStock"]]
    color = next((v["color"].casefold() for v in in_stock or variants), "")
    images: list[Data] = product["images"]
    return next(
        (image for image in images if color and _shows(image, color)), images[0]
    )


def _shows(image: Data, color: str) -> bool:
    named = image.get("color")
    return (
        named.casefold() == color if named else color in image["altText"].casefold()
    )


def _parse_uuid(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None


def _read_staff_page(query: Query, *, language: str, slug: str) -> PageData:
    page = storefront_selectors.get_page(slug=slug, language=language)
    return PageData(
        title=page.title,
        description=markdown.first_paragraph(page.body, max_length=MAX_DESCRIPTION),
        path=f"/pages/{slug}",
        noindex=page.kind == PageKind.LEGAL,
        data={"page": storefront_serializers.Page(page).data},
        source="src/pages/staff-page.tsx",
    )


def _private_page(source: str) -> PageReader:
    """Return the reader of a page that shows only what belongs to the shopper."""

    def read_private_page(query: Query, *, language: str, **path: str) -> PageData:
        return PageData(
            noindex=True, source=f"src/pages/{source}.tsx", cacheable=not query
        )

    return read_private_page


def _describe_picture(image: Data, place: str) -> Picture:
    """Return a picture in the sizes that picture.tsx names."""
    thumbnails: Mapping[str, str] = image.get("thumbnails") or {}
    width, height = image.get("width"), image.get("height")
    # A thumbnail's name is its longer side; `srcset` wants widths.
    width_share = min(1.0, width / height) if width and height else 0.8
    sides = sorted(thumbnails, key=int)
    url = next(
        (thumbnails[side] for side in sides if int(side) >= 800), image["url"]
    )
    sources = [
        f"{thumbnails[side]} {int(int(side) * width_share + 0.5)}w"
        for side in sides
    ]
    return Picture(url, ", ".join(sources), _SIZES[place])


_SLUG = PageSlug.regex.pattern
_ROUTES: list[tuple[re.Pattern[str], PageReader]] = [
    (re.compile(pattern), read)
    for pattern, read in (
        ("/", _read_home),
        ("/shop", _read_catalogue),
        (rf"/shop/(?P<category>{_SLUG})", _read_catalogue),
        (rf"/collections/(?P<slug>{_SLUG})", _read_collection),
        (rf"/p/(?P<key>{_SLUG})", _read_product),
        (rf"/pages/(?P<slug>{_SLUG})", _read_staff_page),
        ("/checkout", _private_page("checkout")),
        ("/orders", _private_page("orders")),
        (r"/orders/(?P<id>[^/]+)", _private_page("order")),
        (r"/orders/(?P<id>[^/]+)/(?:return|withdraw)", _private_page("return")),
        ("/find-order", _private_page("find-order")),
        ("/account", _private_page("account")),
        (
            r"/account/(?P<tab>addresses|security|credit|data)",
            _private_page("account"),
        ),
        ("/wishlist", _private_page("wishlist")),
        ("/gift-cards", _private_page("gift-cards")),
        ("/sign-in", _private_page("sign-in")),
        ("/sign-up", _private_page("sign-in")),
        (
            "/forgot-password|/reset-password|/verify-email",
            _private_page("passwords"),
        ),
    )
]
