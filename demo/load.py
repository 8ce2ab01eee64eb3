"""Loads the demo shop: all of it in one transaction, or nothing."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import groups
from analytics.selectors import reports
from analytics.services import partitions, rollups, snapshots
from demo import (
    catalogue,
    gallery,
    people,
    repeats,
    reviews,
    sales,
    storefront_pages,
    visits,
)
from demo.plan import SOURCE, TRADE_DAYS, Plan
from demo.row_writer import RowWriter
from demo.twins import ROUNDS
from markrin.cache.tags import invalidate
from markrin.db.bulk_load import BulkLoad
from markrin.ops.verify.rules import list_row_rules
from orders.models import TaxSettings
from orders.pricing.tax_presets import read_preset
from orders.services import invoices, ledger_backfill, tax_rates
from products.models import Category, Product
from products.services import facet_index, search_words

T = TypeVar("T")
_AT_ONCE: Final = 2  # statements after the commit, each in a connection of its own
# From so many products on, a demo's largest tables are filled without what is asked row by row.
MANY_PRODUCTS: Final = 2_000
# No trigger and nothing that is read meanwhile finds rows of these by an index, but a product that
# comes: it looks for its variants, of which there are none yet (`_write_catalogue`).
LARGEST_TABLES: Final = (
    "accounts_wishlistitem",
    "orders_cart",
    "orders_cartline",
    "orders_fulfilment",
    "orders_fulfilmentline",
    "orders_order",
    "orders_orderdiscount",
    "orders_orderevent",
    "orders_orderline",
    "orders_ordertax",
    "orders_payment",
    "orders_refund",
    "orders_return",
    "orders_returnline",
    "orders_invoice",
    "orders_invoiceline",
    "orders_ledgerline",
    "products_productimage",
    "products_purchase",
    "products_review",
    "products_stocklevel",
    "products_stockmovement",
    "products_variant",
)
# Filled when the others have their indexes, by which it is known what is to be booked.
FILLED_LATE: Final = frozenset({"orders_ledgerline", "products_productimage"})
LEDGER_TABLES: Final = ("orders_ledgerentry", "orders_ledgerline")
# An entry is found by its key while it is booked, and a product by its id.
UNIQUE_TABLES: Final = ("orders_ledgerentry", "products_product")
# What these triggers would see to row by row, and the rules that are asked of all rows instead. An
# invoice's only keeps it from being changed, and numbers are what may be written once.
ASKED_AFTERWARDS: Final = {
    "orders_order_equals_lines": "an order equals its lines",
    "orders_orderline_equals_order": "an order equals its lines",
    "orders_order_equals_taxes": "an order's tax = its parts",
    "orders_ordertax_equals_order": "an order's tax = its parts",
    "orders_order_equals_discounts": "a discount = the shares of its lines, and an order's ="
    " its discounts",
    "orders_orderdiscount_equals_order": "a discount = the shares of its lines, and an order's ="
    " its discounts",
    "orders_invoice_has_number": "every invoice has its number",
    "orders_invoice_only_grows": "a series of invoices has no gap",
    "orders_invoice_equals_lines": "an invoice equals its lines, and each line its tax",
    "orders_ledgerentry_has_lines": "an entry of the ledger adds up to 0",
    "orders_ledgerline_adds_up": "an entry of the ledger adds up to 0",
    "products_review_counted": "ratings = reviews",
    # The products come with the colours and sizes that these would write to them.
    "products_variant_options_insert": "colours and sizes = those of the active variants",
    "products_stocklevel_stocked_insert": "stocked colours and sizes = those of the active variants"
    " that can be sold",
}
# What the last two would see to besides.
ALSO_ASKED: Final = frozenset({"list prices = those of what can be bought"})


class ShopNotEmpty(Exception):
    """There is a catalogue already, and it is not this demo's."""


Steps = Callable[
    [str, int], Callable[[int], None]
]  # (what, how many) → what to call as they get done


def count_demo_products() -> int:
    """Return how many products of a demo there are.

    Raises:
        NotEmpty: there are none, but categories, which a demo's could collide with.
    """
    if demo := Product.objects.filter(source=SOURCE).count():
        return demo
    if Category.objects.exists():
        raise ShopNotEmpty(
            "this shop has a catalogue of its own; the demo needs an empty one"
        )
    return 0


def load_shop(plan: Plan, *, password: str, steps: Steps) -> dict[str, int]:
    """Make the demo and copy it into the database; return how many rows each table got.

    The tables' foreign keys are deferred, so what depends on everything (a product's
    rating, a variant's stock) is written last and needs no second pass. All constraints and
    triggers stay on, but in a large demo: there PostgreSQL repeats what Python makes of the
    trade, and the largest tables have theirs once for all rows before the commit.

    Raises:
        markrin.db.bulk_load.RowsBreakRules, django.db.IntegrityError: nothing was loaded."""
    for back_days in (0, visits.DAYS):
        partitions.make_partitions(now=plan.midnight - timedelta(days=back_days))
    articles = list(catalogue.make_articles(plan))
    is_large = plan.products >= MANY_PRODUCTS
    with (
        gallery.draw_pictures(articles, in_idle_time=is_large) as drawings,
        transaction.atomic(),
        RowWriter() as sink,
    ):
        bulk = BulkLoad(LARGEST_TABLES, unique=UNIQUE_TABLES)
        if is_large:
            bulk.take_away(ASKED_AFTERWARDS)
        groups.grant_permissions()  # a database that was flushed has lost them
        _set_up_taxes()
        everyone = people.make_people(plan)
        people.write_people(plan, everyone, password, sink)
        catalogue.write_tree(plan, sink)
        sink.flush()
        trade = sales.Trade(
            plan, articles, everyone, sink, ROUNDS if is_large else 1
        )
        make_orders = repeats.run_in_rounds if is_large else sales.Trade.run
        make_orders(trade, steps("orders", plan.orders))
        reviews.write_purchases(articles, everyone, trade.bought, sink)
        reviews.write_reviews(
            plan,
            articles,
            everyone,
            trade.bought,
            sink,
            steps("reviews", plan.reviews),
        )
        reviews.write_wishes(plan, articles, everyone, sink)
        _write_catalogue(plan, articles, sink, steps("products", len(articles)))
        visits.write_visits(plan, articles, sink)
        sink.run_after(partial(_finish_trade, bulk))
        gallery.write_images(
            plan, articles, drawings, sink, steps("pictures", len(articles))
        )
        sink.flush()
        advance = steps("checks", 1)
        _finish_load(plan, bulk)
        advance(1)
    _vacuum_tables([*sink.counts, *LEDGER_TABLES], steps)
    _rebuild_figures(plan, steps)
    return sink.counts


def _vacuum_tables(tables: Collection[str], steps: Steps) -> None:
    """Have PostgreSQL count what is in the tables, and note which pages everybody may see."""
    vacuumed = steps("statistics", len(tables))

    def vacuum(table: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f'VACUUM (ANALYZE) "{table}"')

    _run_at_once(vacuum, tables, vacuumed)


def _run_at_once(
    run: Callable[[T], object], things: Collection[T], done: Callable[[int], None]
) -> None:
    """Run it for each of these, two at a time, each in a connection of its own."""

    def run_one(thing: T) -> None:
        try:
            run(thing)
        finally:
            connection.close()  # the thread's own

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(run_one, things):
            done(1)


def _rebuild_figures(plan: Plan, steps: Steps) -> None:
    """Make the figures of each day, after the statistics without which a large demo's would
    take hours; and what pages open with and facets are counted by, as beat would within minutes."""
    days = [plan.today - timedelta(days=back) for back in range(TRADE_DAYS + 1)]
    jobs: list[Callable[[], object]] = [
        facet_index.fold_changes,  # the longest: the days go on beside it
        *(partial(rollups.rebuild_day, day=day) for day in days),
    ]
    _run_at_once(lambda job: job(), jobs, steps("figures", len(jobs)))
    snapshots.refresh_snapshots(now=timezone.now(), read=reports.get_rows)


def _write_catalogue(
    plan: Plan,
    articles: list[catalogue.Article],
    sink: RowWriter,
    progress: Callable[[int], None],
) -> None:
    """Write the products, and then their variants: each product asks for its own when it comes,
    and finds none soonest where there are none at all. The variants by their age, as a shop has
    them: their first movements of stock are found by their time (a BRIN index).
    """
    categories, rng = catalogue.make_category_ids(plan), plan.random("products")
    for article in articles:
        catalogue.write_product(plan, article, categories, rng, sink)
        progress(1)
    for article in sorted(articles, key=lambda each: each.created_at):
        catalogue.write_variants(article, sink)


def _finish_trade(bulk: BulkLoad) -> None:
    """Number the invoices, make what the books are kept by, and keep them."""
    storefront_pages.write_pages()
    catalogue.write_colors()
    # Their ids rise with their dates, so their numbers do. Before the indexes, which would
    # grow with each number.
    invoices.number_invoices()
    bulk.make_indexes(set(LARGEST_TABLES) - FILLED_LATE)
    ledger_backfill.book_missing()


def _set_up_taxes() -> None:
    """Set up the Indian rates, unless the shop has taxes already or another currency."""
    preset = read_preset("in", state=sales.TAX_STATE)
    if (
        preset.currency == settings.SHOP_CURRENCY
        and not TaxSettings.objects.exists()
    ):
        tax_rates.write_tax_preset(
            preset, country="IN", state_code=f"IN-{sales.TAX_STATE}"
        )


def _finish_load(plan: Plan, bulk: BulkLoad) -> None:
    """Do what a bulk write leaves to its caller, and have every deferred constraint checked now,
    and what was taken away put back.

    The next order number follows the demo's, and so do the keys of invoices' lines.
    """
    invalidate("products", "categories", "size-charts", "pages")
    search_words.rebuild_search_words()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('orders_order_number', %s)", [plan.orders])
        cursor.execute(
            """SELECT setval(pg_get_serial_sequence('orders_invoiceline', 'id'), max(id))
            FROM orders_invoiceline HAVING max(id) IS NOT NULL"""
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    asked = {*ASKED_AFTERWARDS.values(), *ALSO_ASKED}
    bulk.put_back(rule for rule in list_row_rules() if rule.rule in asked)
