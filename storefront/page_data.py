"""What each of the shop's addresses shows: its head, its status, and the data that its page
begins with, so that a browser need not ask for them.

The addresses are those of frontend/shop/src/app.tsx, and the data what its queries ask.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from markrin.api import errors
from markrin.api.schemas import PageParams
from products.schemas.products import ListProducts
from products.selectors import category_tree, product_lists
from products.serializers import products as serializers
from storefront import markdown, structured_data
from storefront import selectors as storefront_selectors
from storefront import serializers as storefront_serializers
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
    """The page has another address for good, in this shop."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Picture:
    """The first picture of a page, to be had before the page's scripts run."""

    url: str
    source_set: str
    sizes: str


@dataclass
class PageData:
    """A page of the shop. `title` lacks the shop's name; `path` is the canonical one, without
    the language; `source` is the page's file in frontend/shop.
    """

    title: str = ""
    description: str = ""
    path: str = ""
    status: int = 200
    kind: str = "website"
    hidden: bool = False  # from search engines
    image: str = ""
    picture: Picture | None = None
    structured_data: list[Data] = field(default_factory=list)
    data: Data = field(default_factory=dict)
    source: str = ""
    tags: set[str] = field(default_factory=set)
    kept: bool = True  # its answer may be kept for others
    fresh_for_s: float | None = None  # until a price that it shows changes; None: never


def _soonest(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)


Query = Mapping[str, str]
Handler = Callable[..., PageData]


def absolute(url: str) -> str:
    """Return an address of ours with the shop's own origin before it."""
    return f"{_origin()}{url}" if url.startswith("/") else url


def _origin() -> str:
    return str(settings.SHOP_URL).rstrip("/")


def read(path: str, query: Query, *, language: str) -> PageData:
    """Return the page at a path without its language. At most a dozen queries.

    Raises:
        Moved: it is to be had elsewhere.
    """
    for pattern, handler in _ROUTES:
        if found := pattern.fullmatch(path):
            try:
                return handler(query, language=language, **found.groupdict())
            except (errors.NotFound, errors.Invalid, errors.PageTooDeep):
                break
    return PageData(
        title="Not found",
        status=404,
        hidden=True,
        source="src/pages/not-found.tsx",
        kept=False,
    )


def _home(query: Query, *, language: str) -> PageData:
    first = PageParams(limit=SHELF_SIZE)
    shelves = product_lists.list_featured(first), product_lists.list_new_arrivals(first)
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
        picture=_picture(pictures[0], "hero") if pictures else None,
        structured_data=structured_data.shop(
            storefront_serializers.shop_data(info), url=_origin()
        ),
        data={"featured": featured, "newArrivals": arrivals},
        tags={"products"},
        fresh_for_s=_soonest(*(shelf.fresh_for_s for shelf in shelves)),
    )


def _catalogue(query: Query, *, language: str, category: str = "") -> PageData:
    given = {name: value for name, value in query.items() if name in _FILTERS}
    trail = _trail(category_tree.list_categories(), category) if category else []
    if category and not trail:
        raise errors.NotFound
    here = trail[-1] if trail else None
    asked = {
        "sort": "relevance" if given.get("search") else "popularity",
        **given,
        **({"category": category} if category and "category" not in given else {}),
        "limit": str(PAGE_SIZE),
    }
    title = here["name"] if here else _list_title(given)
    path = f"/shop/{category}" if category else "/shop"
    page = PageData(
        title=title,
        description=(here["description"] if here else "") or title,
        path=path + (f"?page={given['page']}" if given.get("page", "1") != "1" else ""),
        hidden="search" in given or len(_NARROWING & set(given)) > 1,
        source="src/pages/catalogue.tsx",
        tags={"products"},
        kept="search" not in given and set(given) == set(query),
    )
    steps = [(step["name"], absolute(f"/shop/{step['slug']}")) for step in trail]
    if steps:
        page.structured_data.append(structured_data.breadcrumbs(steps))
    if "search" not in given:  # what somebody types is asked for by their browser
        _add_products(page, asked)
    return page


def _add_products(page: PageData, asked: dict[str, str]) -> None:
    query = ListProducts().load({**asked, "facets": "true"})
    listing = product_lists.list_products(query)
    found = serializers.ProductPage(listing).data
    if not found["items"] and found["page"] > 1:
        raise errors.NotFound
    page.fresh_for_s = listing.fresh_for_s
    page.data["products"] = {"query": asked, "answer": found}
    pictures = [item["image"] for item in found["items"] if item["image"]]
    if pictures:
        page.image = pictures[0]["url"]
        page.picture = _picture(pictures[0], "listed")
    page.structured_data.append(structured_data.listing(found["items"], url=_origin()))


def _list_title(given: Query) -> str:
    if given.get("search"):
        return f"“{given['search'][:MAX_TITLE]}”"
    flags = {"onSale": "Sale", "newArrival": "Just arrived"}
    flag = next((words for name, words in flags.items() if name in given), "")
    return flag or given.get("collection", "")[:MAX_TITLE] or "Everything"


def _trail(tree: list[Data], slug: str) -> list[Data]:
    """Return the path in the tree down to the category with this slug, or nothing."""
    for category in tree:
        if category["slug"] == slug:
            return [category]
        if below := _trail(category["children"], slug):
            return [category, *below]
    return []


def _product(query: Query, *, language: str, key: str) -> PageData:
    shown, fresh_for_s = _find_product(key)
    if shown["slug"] != key:
        raise Moved(f"/p/{shown['slug']}")
    path = f"/p/{shown['slug']}"
    images = [absolute(image["url"]) for image in shown["images"]]
    steps = [
        (step["name"], absolute(f"/shop/{step['slug']}"))
        for step in shown["categoryPath"]
    ]
    seo = shown["seo"]
    text = seo["description"] or markdown.shorten(
        " ".join(shown["description"].split()), MAX_DESCRIPTION
    )
    return PageData(
        title=seo["title"] or shown["name"],
        description=text or shown["name"],
        path=path,
        kind="product",
        image=shown["images"][0]["url"] if images else "",
        picture=_picture(_first_picture(shown), "product") if images else None,
        structured_data=[
            structured_data.product(shown, url=absolute(path), images=images),
            structured_data.breadcrumbs([*steps, (shown["name"], absolute(path))]),
        ],
        data={"product": shown},
        source="src/pages/product.tsx",
        tags={f"product:{shown['id']}", "size-charts"},
        fresh_for_s=fresh_for_s,
        kept=not set(query) - {"color", "size"},
    )


def _find_product(key: str) -> tuple[Data, float | None]:
    try:
        found = product_lists.get_product(key=_uuid(key) or key)
    except errors.NotFound:
        slug = product_lists.get_new_slug(former=key)
        if slug is None:
            raise
        raise Moved(f"/p/{slug}") from None
    return dict(serializers.ProductDetail(found).data), found["fresh_for_s"]


def _first_picture(shown: Data) -> Data:
    """Return the picture that gallery.tsx shows first: of the first colour that can be had."""
    variants = shown["variants"]
    chosen = next((each for each in variants if each["inStock"]), None) or next(
        iter(variants), None
    )
    color = chosen["color"].casefold() if chosen else ""
    images: list[Data] = shown["images"]
    own = [
        image
        for image in images
        if (color and (image.get("color") or "").casefold() == color)
        or (color and not image.get("color") and color in image["altText"].casefold())
    ]
    return (own or images)[0]


def _uuid(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None


def _staff_page(query: Query, *, language: str, slug: str) -> PageData:
    page = storefront_selectors.get_page(slug=slug, language=language)
    return PageData(
        title=page.title,
        description=markdown.first_paragraph(page.body, max_length=MAX_DESCRIPTION),
        path=f"/pages/{slug}",
        hidden=page.kind == PageKind.LEGAL,
        data={"page": storefront_serializers.Page(page).data},
        source="src/pages/staff-page.tsx",
    )


def _own(source: str) -> Handler:
    """A page that shows only what belongs to a shopper: nothing for search engines."""

    def handler(query: Query, *, language: str, **path: str) -> PageData:
        return PageData(hidden=True, source=f"src/pages/{source}.tsx", kept=not query)

    return handler


def _picture(image: Mapping[str, Any], place: str) -> Picture:
    """Return a picture as picture.tsx shows it."""
    thumbnails: Mapping[str, str] = image.get("thumbnails") or {}
    width, height = image.get("width"), image.get("height")
    narrow = min(1.0, width / height) if width and height else 0.8
    sides = sorted(thumbnails, key=int)
    found = next((thumbnails[side] for side in sides if int(side) >= 800), image["url"])
    sources = ", ".join(
        f"{thumbnails[side]} {int(int(side) * narrow + 0.5)}w" for side in sides
    )
    return Picture(found, sources, _SIZES[place])


def address(path: str, *, language: str) -> str:
    """Return a page's whole address in a language: the shop's own has no prefix."""
    own = language == settings.SHOP_LANGUAGES[0]
    return absolute(path if own else f"/{language}{'' if path == '/' else path}")


_ROUTES: list[tuple[re.Pattern[str], Handler]] = [
    (re.compile(pattern), handler)
    for pattern, handler in (
        ("/", _home),
        ("/shop", _catalogue),
        (r"/shop/(?P<category>[a-z0-9-]{1,120})", _catalogue),
        (r"/p/(?P<key>[a-z0-9-]{1,120})", _product),
        (r"/pages/(?P<slug>[a-z0-9-]{1,120})", _staff_page),
        ("/checkout", _own("checkout")),
        ("/orders", _own("orders")),
        (r"/orders/(?P<id>[^/]+)", _own("order")),
        ("/account", _own("account")),
        (r"/account/(?P<tab>addresses|security|data)", _own("account")),
        ("/wishlist", _own("wishlist")),
        ("/sign-in", _own("sign-in")),
        ("/sign-up", _own("sign-in")),
        (
            "/forgot-password|/reset-password|/verify-email",
            _own("passwords"),
        ),
    )
]
