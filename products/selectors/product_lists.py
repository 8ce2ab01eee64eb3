"""Products: lists of cards, and one in full."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from markrin.api import errors
from markrin.api.pagination import (
    MAX_OFFSET,
    CursorPage,
    Page,
    fetch_page,
    list_after,
)
from markrin.api.schemas import PageParams
from markrin.db.sql import Row, fetch_prepared
from products import facet_bitmaps, hooks
from products.models import FormerSlug, Product
from products.schemas.products import (
    ProductFilter,
    ShopperProductFilter,
    StaffProductFilter,
)
from products.search import Query
from products.selectors import (
    category_sizes,
    search_hits,
    search_lookup,
    search_order,
    search_ranking,
)
from products.selectors.column_lists import MAX_ONE_BY_ONE, ColumnList
from products.selectors.facets import Facets, count_facets, count_matches, is_one_of
from products.selectors.filters import NO_FILTERS, Filters, resolve_order
from products.selectors.prices import (
    COST_JOIN,
    HOLDING,
    inherited,
    list_price,
    price_now,
    read_price_clock,
)
from products.selectors.search_hits import Hits
from products.selectors.size_tables import build_table
from products.selectors.summaries import SUMMARY_COLUMNS, add_stock, get_summaries

SUGGESTED = 5  # texts
SUGGESTED_S = 600  # what others search for tells no tag that it has changed
MAX_SORTED = (
    5_000  # products that are sooner sorted than found one by one along an index
)


@dataclass(frozen=True)
class Listing:
    """A page of cards, with counts per facet if they were asked for."""

    page: Page[Row] | CursorPage[Row]
    facets: Facets | None = None
    more: bool = (
        False  # of a search: it finds more products than the page's total says
    )
    fresh_for_s: float | None = None  # until a list price changes; None: never
    search: Query | None = None  # what the search was taken for
    suggestions: Sequence[
        str
    ] = ()  # what others search for, where this finds nothing


def list_products(query: ShopperProductFilter) -> Listing:
    """Return published products that pass the filters, or those asked for by id: at most
    five queries, for one as for many; up to four more where a large catalogue is counted, and
    one more where nothing has all the words of a search. One in all where columns decide it and
    there are few to choose from.

    Raises:
        errors.PageTooDeep, errors.Invalid: see `markrin.api.pagination`.
    """
    if query.ids:
        return list_products_by_id(query.ids)
    found = _list_matching(query, for_staff=False)
    is_vain = not found.page.items and query.page == 1 and query.cursor is None
    if found.search is None or not (is_vain or found.search.not_found):
        return found
    popular = hooks.list_popular_searches(beginning="", limit=SUGGESTED)
    fresh_for_s: float = SUGGESTED_S
    if found.fresh_for_s is not None:  # 0: a price changes at this moment
        fresh_for_s = min(found.fresh_for_s, SUGGESTED_S)
    texts = [each.text for counted in popular for each in counted]
    return replace(found, suggestions=texts, fresh_for_s=fresh_for_s)


def list_products_by_id(ids: Sequence[UUID]) -> Listing:
    """Return these products in this order, on one page, without those that are not published
    or do not exist. Two queries.
    """
    clock = read_price_clock()
    found = [card for card in get_summaries(ids) if card["status"] == "published"]
    page = Page(found, 1, 1 if found else 0, len(found), len(ids))
    return Listing(page, fresh_for_s=clock.fresh_for_s)


def list_staff_products(query: StaffProductFilter) -> Listing:
    """Return products of any status, as `list_products` does, with their SKUs and stock."""
    found = _list_matching(query, for_staff=True)
    add_stock(found.page.items)
    return found


def _list_matching(query: ProductFilter, *, for_staff: bool) -> Listing:
    filters = Filters.from_query(query)
    is_small = not facet_bitmaps.knows_many() or category_sizes.are_few(filters)
    if is_small and not query.facets:
        by_columns = _list_by_columns(query, filters, for_staff=for_staff)
        if by_columns is not None:
            return by_columns
    filters, clock = filters.prepared(for_staff=for_staff)
    found = _find_matching(query, filters, for_staff=for_staff)
    if filters.query is not None and filters.query.places and not found.page.items:
        relaxed = search_lookup.relax(filters.query, for_staff=for_staff)
        if len(relaxed.places) < len(filters.query.places):
            filters = replace(filters, query=relaxed)
            found = _find_matching(query, filters, for_staff=for_staff)
    ends = [clock.fresh_for_s, filters.collections.ages_in_s]
    fresh_for_s = min((end for end in ends if end is not None), default=None)
    return replace(found, fresh_for_s=fresh_for_s, search=filters.query)


def _find_matching(
    query: ProductFilter, filters: Filters, *, for_staff: bool
) -> Listing:
    counted = None
    if query.facets:
        counted = count_facets(
            _visible_products(for_staff), filters, for_staff=for_staff
        )
    if query.cursor is None and filters.query is None:
        asked = _get_column_list(query, filters, for_staff=for_staff)
        if asked.is_by_columns and not (asked.is_by_price and filters.has_moved):
            return _find_by_columns(asked, query, counted)
    if query.cursor is None and filters.query is not None:
        return _list_search_results(filters, query, counted, for_staff=for_staff)
    products = _visible_products(for_staff)
    found = _filter_products(filters, products, counted)
    if query.cursor is not None:
        return Listing(_page_by_cursor(found, filters, query), counted)
    matches = counted or count_matches(products, filters, for_staff=for_staff)
    if matches is not counted and matches.candidates is not None:
        found = found.filter(is_one_of(matches.candidates))
    total = matches.total
    upto = min(query.page * query.limit, MAX_OFFSET + query.limit)
    ordered = _order_products(found, filters, query.sort, total, upto=upto)
    page = Page[Product].of(ordered, query.page, query.limit, total=total)
    return Listing(with_summaries(page, filters), counted)


def _filter_products(
    filters: Filters, products: QuerySet[Product], counted: Facets | None
) -> QuerySet[Product]:
    """Return the products that pass; of few that may, only these are looked at."""
    found = filters.apply(products)
    if counted and counted.candidates is not None:
        found = found.filter(is_one_of(counted.candidates))
    return found


def _visible_products(for_staff: bool) -> QuerySet[Product]:
    return Product.objects.all() if for_staff else Product.objects.published()


def _get_column_list(
    query: ProductFilter, filters: Filters, *, for_staff: bool
) -> ColumnList:
    """Return what is asked for, for a page by its number.

    Raises:
        errors.PageTooDeep: more than MAX_OFFSET products lie before it.
    """
    offset = (query.page - 1) * query.limit
    if offset > MAX_OFFSET:
        raise errors.PageTooDeep
    return ColumnList(
        filters=filters,
        sort=query.sort,
        offset=offset,
        limit=query.limit,
        for_staff=for_staff,
    )


def _list_by_columns(
    query: ProductFilter, filters: Filters, *, for_staff: bool
) -> Listing | None:
    """Return a page of a small catalogue's list, or of a small category's, or None where columns
    do not decide it.
    """
    if query.cursor is not None:
        return None
    asked = _get_column_list(query, filters, for_staff=for_staff)
    if not asked.is_by_columns:
        return None
    found = asked.fetch_page()
    if asked.is_by_price and found.clock.has_moved:
        return None
    if found.total >= facet_bitmaps.MANY_PRODUCTS:
        facet_bitmaps.read_index()  # for the next time
    page = _get_page(query, found.cards, found.total)
    return Listing(page, fresh_for_s=found.clock.fresh_for_s)


def _find_by_columns(
    asked: ColumnList, query: ProductFilter, counted: Facets | None
) -> Listing:
    """Return a page of a large catalogue's list, or one with facets, that columns decide."""
    matches = counted or count_matches(
        _visible_products(asked.for_staff),
        asked.filters,
        for_staff=asked.for_staff,
        most=MAX_ONE_BY_ONE,
    )
    category_sizes.note_size(asked.filters)
    by_index = matches.total > MAX_SORTED
    ids = asked.find_ids(matches.candidates, by_index=by_index)
    return Listing(_get_page(query, get_summaries(ids), matches.total), counted)


def _get_page(query: ProductFilter, cards: list[Row], total: int) -> Page[Row]:
    return Page(cards, query.page, -(-total // query.limit), total, query.limit)


def _page_by_cursor(
    found: QuerySet[Product], filters: Filters, query: ProductFilter
) -> Page[Row] | CursorPage[Row]:
    passing, order = filters.ordered(found, query.sort)
    if order[0].removeprefix("-") == "list_price":
        sign, upto = order[0].removesuffix("list_price"), query.limit + 1
        passing = _find_first_by_price(passing, sign, upto, cursor=query.cursor)
    names = {name.removeprefix("-") for name in order}
    keys = passing.only(*names - set(passing.query.annotations) | {"id"})
    return with_summaries(
        CursorPage[Product].of(
            keys, order=order, cursor=query.cursor, limit=query.limit
        ),
        filters,
    )


def _list_search_results(
    filters: Filters,
    query: ProductFilter,
    counted: Facets | None,
    *,
    for_staff: bool,
) -> Listing:
    """Return a page of a search's first MAX_RANKED matches. The total stops at MAX_RANKED,
    too, unless the facets have counted all matches anyway."""
    offset = (query.page - 1) * query.limit
    if offset > MAX_OFFSET:
        raise errors.PageTooDeep
    total = counted.total if counted else None
    hits, order = _find_hits(filters, query, counted, for_staff=for_staff)
    if order is None:
        ids, number = search_ranking.get_best_matches(
            hits,
            offset=offset,
            limit=query.limit,
            total=total,
            is_published=not for_staff,
        )
    else:
        ids, number = search_order.find_in_order(
            hits,
            order,
            slice(offset, offset + query.limit),
            total=total,
            is_published=not for_staff,
        )
    shown = min(number, search_hits.MAX_RANKED)
    total = shown if total is None else total
    page = Page(
        _get_cards(ids, filters),
        query.page,
        -(-shown // query.limit),
        total,
        query.limit,
    )
    return Listing(page, counted, number > total)


def _find_hits(
    filters: Filters,
    query: ProductFilter,
    counted: Facets | None,
    *,
    for_staff: bool,
) -> tuple[Hits, Sequence[str] | None]:
    """Return what a search finds, and the order that it is asked for in: None for the best
    first.
    """
    asked, by_relevance = filters.query or Query(), filters.by_relevance(query.sort)
    if filters.given == {"search"} and not filters.has_moved:
        order = None if by_relevance else resolve_order(query.sort)
        return Hits.of_words(asked, is_published=not for_staff), order
    found = _filter_products(filters, _visible_products(for_staff), counted)
    if by_relevance:
        return Hits.of(found, asked), None
    found, order = filters.ordered(found, query.sort)
    return Hits.of(found, asked), order


def _order_products(
    found: QuerySet[Product],
    filters: Filters,
    sort: str | None,
    total: int,
    *,
    upto: int,
) -> QuerySet[Product]:
    """Return the products in their order; of very many perhaps no more than the first `upto`."""
    passing, order = filters.ordered(found, sort)
    if total > MAX_SORTED and order[0].removeprefix("-") == "list_price":
        passing = _find_first_by_price(
            passing, order[0].removesuffix("list_price"), upto
        )
    return passing.only("id").order_by(
        *(
            map(search_ranking.unindexed_key, order)
            if total <= MAX_SORTED
            else order
        )
    )


def _find_first_by_price(
    passing: QuerySet[Product], sign: str, upto: int, *, cursor: str | None = None
) -> QuerySet[Product]:
    """Return the first by price, or the first after the cursor, while some stored prices have
    ended, each kind of price along an index of its own: no index has the order of all.
    """
    first, *others = (
        list_after(
            passing.filter(holds), (f"{sign}{column}", f"{sign}id"), cursor
        ).values("pk")[:upto]
        for holds, column in HOLDING
    )
    found = Product.objects.filter(pk__in=first.union(*others, all=True))
    return found.annotate(list_price=list_price("price"))


def _get_cards(ids: Sequence[UUID], filters: Filters) -> list[Row]:
    """Return the cards, pictured in a colour that is filtered by or searched for, where they
    can be.
    """
    meant = filters.query.colors if filters.query else ()
    return get_summaries(ids, colors=filters.color, meant_colors=meant)


def with_summaries(
    found: Page[Product] | CursorPage[Product], filters: Filters = NO_FILTERS
) -> Page[Row] | CursorPage[Row]:
    """Return the page with the products' cards in place of their keys."""
    cards = _get_cards([product.pk for product in found.items], filters)
    if isinstance(found, CursorPage):
        return CursorPage(cards, found.next)
    return Page(cards, found.page, found.pages, found.total, found.limit)


def list_new_arrivals(query: PageParams) -> Listing:
    """Return published products marked as new, newest first."""
    return _list_newest(
        Product.objects.published().filter(is_new_arrival=True), query
    )


def list_featured(query: PageParams) -> Listing:
    """Return published products that staff feature, newest first."""
    return _list_newest(Product.objects.published().filter(is_featured=True), query)


def _list_newest(products: QuerySet[Product], query: PageParams) -> Listing:
    clock = read_price_clock()
    page = fetch_page(
        products.only("created_at"),
        order=("-created_at", "-id"),
        page=query.page,
        limit=query.limit,
        cursor=query.cursor,
    )
    return Listing(with_summaries(page), fresh_for_s=clock.fresh_for_s)


# As text: a price must not pass through a binary fraction.
_VARIANT_PRICES = f"""'base_price', ({inherited("base_price")})::text,
            'price', ({price_now()})::text,
            'sale_price', nullif({price_now()}, {inherited("base_price")})::text,
            'lowest_prior_price', (CASE WHEN {price_now()} < {inherited("base_price")}
                THEN {inherited("lowest_prior_price")} END)::text,
            'sale_ends_at', CASE WHEN {price_now()} < {inherited("base_price")}
                THEN {inherited("sale_ends_at")} END,
            'own_base_price', v.base_price::text, 'own_sale_price', v.sale_price::text,
            'own_sale_starts_at', v.sale_starts_at, 'own_sale_ends_at', v.sale_ends_at,
            'hs_code', v.hs_code, 'origin_country', v.origin_country,
            'bin_location', v.bin_location,
            'cost_price', v.cost_price::text"""
# Of these, what comes as text.
_AMOUNTS = (
    "base_price",
    "price",
    "sale_price",
    "lowest_prior_price",
    "own_base_price",
    "own_sale_price",
    "cost_price",
)
_MOMENTS = ("sale_ends_at", "own_sale_starts_at", "own_sale_ends_at")
_DETAIL = f"""
    SELECT {SUMMARY_COLUMNS}, p.base_price AS own_base_price, p.sale_price AS own_sale_price,
        p.sale_starts_at AS own_sale_starts_at, p.sale_ends_at AS own_sale_ends_at,
        CASE WHEN p.price_until > statement_timestamp()
            THEN extract(epoch FROM p.price_until - statement_timestamp())
            WHEN p.price_until IS NOT NULL AND p.next_until IS NOT NULL
            THEN extract(epoch FROM greatest(p.next_until - statement_timestamp(), '0'))
            END::float AS fresh_for_s, p.description, p.is_gift_card, p.tags,
            p.updated_at, p.status,
                p.tax_class_id AS tax_class,
        p.seo_title, p.seo_description,
        p.rated_1, p.rated_2, p.rated_3, p.rated_4, p.rated_5, p.fit_small, p.fit_true,
            p.fit_large, p.popularity,
        (SELECT coalesce(json_agg(json_build_object(
            'id', id, 'file', file, 'external_url', external_url, 'alt_text', alt_text,
                'thumbnails', thumbnails, 'color', color,
            'width', width, 'height', height
         ) ORDER BY position), '[]') FROM products_productimage WHERE product_id = p.id) AS images,
        (SELECT coalesce(json_agg(json_build_object(
            'id', v.id, 'sku', v.sku, 'size', v.size, 'color', v.color, 'position', v.position,
            'is_active', v.is_active, {_VARIANT_PRICES},
            'barcode', v.barcode, 'weight_g', v.weight_g, 'on_hand', coalesce(l.on_hand, 0),
                'reserved', coalesce(l.reserved, 0),
            'count_in_stock', greatest(0, l.on_hand - l.reserved),
            'in_stock', coalesce(l.sellable > 0, false),
            'inventory_policy', coalesce(l.inventory_policy, 'deny')
         ) ORDER BY v.position, v.id), '[]')
         FROM products_variant v LEFT JOIN products_stocklevel l ON l.variant_id = v.id
         WHERE v.product_id = p.id {{choosable}}) AS variants,
        (SELECT json_agg(json_build_object('id', above.id, 'slug', above.slug, 'name', above.name)
                ORDER BY cardinality(above.ancestors))
         FROM products_category above WHERE above.id = ANY (c.ancestors)) AS category_path,
        (SELECT coalesce(json_agg(json_build_object('id', other.id, 'slug', other.slug,
                'name', other.name) ORDER BY other.name, other.id), '[]')
         FROM products_product_also_in also JOIN products_category other
            ON other.id = also.category_id WHERE also.product_id = p.id) AS also_in,
        (SELECT json_build_object(
            'id', chart.id, 'title', chart.title, 'note', chart.note,
            'category', json_build_object('id', of.id, 'slug', of.slug, 'name', of.name),
            'entries', (SELECT json_agg(json_build_object('size', size, 'measure', measure,
                'min_cm', min_cm::text,
                'max_cm', max_cm::text) ORDER BY "row", "column") FROM products_sizechartentry
                WHERE chart_id = chart.id))
         FROM products_sizechart chart JOIN products_category of ON of.id = chart.category_id
         WHERE chart.category_id = ANY (c.ancestors) ORDER BY cardinality(of.ancestors) DESC
             LIMIT 1) AS size_chart
    FROM products_product p JOIN products_category c ON c.id = p.category_id {COST_JOIN}
    WHERE {{visible}} {{key}} = %(key)s
"""  # noqa: S608 (constants)
# Apart for shoppers and staff, by id and by slug, as each is planned for itself.
_FOR_SHOPPERS = {
    "choosable": "AND v.is_active",
    "visible": "p.status = 'published' AND",
}
_FOR_STAFF = {"choosable": "", "visible": ""}


def _match_key(key: UUID | str) -> str:
    return "p.id = %(key)s" if isinstance(key, UUID) else "p.slug = %(key)s"


def get_product(*, key: UUID | str) -> Row:
    """Return all that `serializers.ProductDetail` shows of a published product, by id or
    slug: one query.

    Raises:
        errors.NotFound: there is none.
    """
    return _load_detail(key, _FOR_SHOPPERS)


def get_staff_product(*, key: UUID | str) -> Row:
    """Return a product of any status, with the variants taken off sale too:
    `serializers.StaffProductDetail`.

    Raises:
        errors.NotFound: there is none.
    """
    return _load_detail(key, _FOR_STAFF)


def _load_detail(key: UUID | str, which: dict[str, str]) -> Row:
    column = "p.id" if isinstance(key, UUID) else "p.slug"
    rows = fetch_prepared(_DETAIL.format(key=column, **which), {"key": key})
    if not rows:
        raise errors.NotFound
    product = rows[0]
    choosable = [variant for variant in product["variants"] if variant["is_active"]]
    product["colors"], product["sizes"] = (
        _order_options(choosable, "color"),
        _order_options(choosable, "size"),
    )
    for variant in product["variants"]:
        _read_values(variant)
    product["image"] = next(iter(product["images"]), None)
    chart = product["size_chart"]
    product["size_chart"] = chart and build_table(chart)
    return product


def _read_values(variant: Row) -> None:
    """Turn into amounts and moments what JSON holds as text."""
    for name in _AMOUNTS:
        if (text := variant[name]) is not None:
            variant[name] = Decimal(text)
    for name in _MOMENTS:
        if (text := variant[name]) is not None:
            variant[name] = datetime.fromisoformat(text)


def _order_options(variants: list[Row], name: str) -> list[str]:
    """Return the variants' colours or sizes as a card has them: by the first place of each,
    then by code point.
    """
    first: dict[str, int] = {}
    for variant in variants:
        first.setdefault(variant[name], variant["position"])
    return sorted(
        (value for value in first if value), key=lambda value: (first[value], value)
    )


def get_new_slug(*, former: str) -> str | None:
    """Return the slug of the published product that once had this one, if there is such."""
    found = FormerSlug.objects.filter(slug=former, product__status="published")
    return found.values_list("product__slug", flat=True).first()


def is_published(*, slug: str) -> bool:
    """Return whether shoppers may see a product with this slug."""
    return Product.objects.published().filter(slug=slug).exists()
