"""The demo shop: it fills every screen, keeps every rule, and is the same each time."""

import json
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection
from django.db.models import Count, F, Q, Sum

from accounts.models import User
from analytics.models import DailyFunnel, DailyProduct, DailySales
from demo import load, people, pictures, repeats, row_writer
from demo.catalogue_data import GARMENTS, PICTURES
from demo.footwear import FOOTWEAR
from demo.plan import Plan
from markrin.db import bulk_load
from markrin.db.bulk_load import BulkLoad, RowsBreakRules
from markrin.db.shared import list_declared
from markrin.db.triggers import Trigger
from markrin.ops.verify.rules import list_row_rules
from orders.models import (
    Cart,
    Coupon,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    Refund,
)
from orders.models.order_status import OrderStatus, PaymentStatus
from orders.services import invoice_files, invoices, ledger_backfill
from products.models import (
    Category,
    Product,
    ProductImage,
    Review,
    SizeChart,
    StockLevel,
    StockMovement,
    Variant,
)

TODAY = date(2026, 11, 20)


def run(*args: str) -> str:
    out = StringIO()
    call_command("load_demo", *args, stdout=out, force=True, today=TODAY)
    return out.getvalue()


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker) -> Iterator[str]:
    """Load the demo once: it ends with VACUUM, which a test's transaction would not allow."""
    with django_db_blocker.unblock():
        yield run()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def empty(transactional_db: None) -> None:
    """Start without the demo that the other tests share."""
    call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def demo(loaded: str, db: None) -> str:
    return loaded


def test_fills_the_shop_and_keeps_its_books(demo: str) -> None:
    assert "300 products" in demo
    assert Category.objects.count() >= 25
    assert not Category.objects.filter(children=None, products=None).exists()
    assert not Product.objects.filter(images=None).exists()
    assert (
        SizeChart.objects.exclude(entries=None).count()
        == SizeChart.objects.count()
        > 5
    )
    assert Review.objects.count() == 600
    # Its parcels hold whole orders, and all arrive.
    unusual = {OrderStatus.PARTIALLY_SHIPPED, OrderStatus.UNDELIVERED}
    assert set(Order.objects.values_list("status", flat=True)) == (
        set(OrderStatus.values) - unusual
    )
    assert set(Order.objects.values_list("payment_status", flat=True)) == set(
        PaymentStatus.values
    )
    midnight = Plan(TODAY).midnight
    assert not Order.objects.filter(updated_at__gte=midnight).exists()
    assert not OrderEvent.objects.filter(at__gte=midnight).exists()
    assert not Review.objects.filter(created_at__gte=midnight).exists()


def test_stock_is_the_sum_of_its_movements_and_reserved_by_open_orders(
    demo: str,
) -> None:
    moved = {
        row["variant"]: (row["on_hand"], row["reserved"])
        for row in StockMovement.objects.values("variant").annotate(
            on_hand=Sum("d_on_hand"), reserved=Sum("d_reserved")
        )
    }
    levels = {
        level.pk: (level.on_hand, level.reserved)
        for level in StockLevel.objects.all()
    }
    assert levels == moved
    assert len(levels) == Variant.objects.count()
    held = dict(
        OrderLine.objects.filter(
            order__status__in=["pending", "confirmed", "processing"]
        )
        .values_list("variant")
        .annotate(Sum("quantity"))
    )
    assert held
    assert held == {
        variant: reserved for variant, (_, reserved) in levels.items() if reserved
    }
    sellable = set(
        Variant.objects.filter(stock__on_hand__gt=F("stock__reserved")).values_list(
            "product_id", flat=True
        )
    )
    assert sellable == set(
        Product.objects.filter(in_stock=True).values_list("pk", flat=True)
    )
    assert Product.objects.filter(in_stock=False).exists()


def test_ratings_money_and_coupons_agree(demo: str) -> None:
    shown = Q(reviews__status="published")
    counted = Product.objects.annotate(
        n=Count("reviews", filter=shown),
        fives=Count("reviews", filter=shown & Q(reviews__rating=5)),
        true=Count("reviews", filter=shown & Q(reviews__fit="true")),
    )
    assert not counted.exclude(
        review_count=F("n"), rated_5=F("fives"), fit_true=F("true")
    ).exists()
    assert Review.objects.filter(verified_buyer=True).exists()
    for order in Order.objects.filter(payment_status="refunded"):
        assert (
            order.refunded == order.total == Refund.objects.get(order=order).amount
        )
    paid = Order.objects.filter(payment_status__in=["paid", "refunded"])
    assert Payment.objects.filter(state="succeeded").count() == paid.count()
    for coupon in Coupon.objects.all():
        assert coupon.used == coupon.promotion.discounts.filter(counts=True).count()
    used = Order.objects.exclude(coupon_code="").exclude(status="cancelled")
    assert sum(Coupon.objects.values_list("used", flat=True)) == used.count() > 0
    assert not used.filter(Q(discount=0)).exists()


def test_what_has_left_is_invoiced_on_its_day_in_the_order_of_numbers(
    demo: str,
) -> None:
    left = Order.objects.exclude(shipped_at=None)
    sold = Invoice.objects.filter(kind="invoice")
    assert sold.count() == left.count() > 100
    assert not sold.exclude(issued_at=F("order__shipped_at")).exists()
    notes = Invoice.objects.filter(kind="credit_note")
    assert notes.count() == left.filter(status="returned").count() > 0
    assert not notes.exclude(total=F("original__total")).exists()
    for prefix, last in InvoiceSeries.objects.values_list("prefix", "last"):
        rows = Invoice.objects.filter(series=prefix).order_by("serial")
        numbers = [serial for serial, _ in rows.values_list("serial", "issued_at")]
        moments = list(rows.values_list("issued_at", flat=True))
        assert numbers == list(range(1, last + 1))
        assert moments == sorted(moments)
    # What products brought, shipping and fees: the revenue of the days.
    goods = DailyProduct.objects.aggregate(n=Sum("revenue"))["n"]
    besides = InvoiceLine.objects.filter(line=None)
    for kind, sign in (("invoice", 1), ("credit_note", -1)):
        of_kind = besides.filter(invoice__kind=kind)
        goods += sign * (of_kind.aggregate(n=Sum("charged"))["n"] or 0)
    assert goods == DailySales.objects.aggregate(n=Sum("revenue"))["n"] > 0
    assert invoice_files.get_file(invoice_id=sold[0].pk).pdf[:5] == b"%PDF-"


def test_staff_admin_and_customer_can_sign_in(demo: str, settings) -> None:
    password = demo.split()[-1]
    assert password == settings.DEMO_PASSWORD
    for email, role in (
        (people.CUSTOMER, "customer"),
        (people.STAFF, "staff"),
        (people.ADMIN, "admin"),
    ):
        user = User.objects.get(email=email)
        assert user.role == role
        assert user.check_password(password)
    staff = User.objects.get(email=people.STAFF)
    assert set(staff.groups.values_list("name", flat=True)) == {
        "catalogue",
        "orders",
        "analytics",
    }
    assert staff.has_perm("products.change_product")
    assert not staff.has_perm("accounts.change_user")
    shopper = User.objects.get(email=people.CUSTOMER)
    assert Cart.objects.get(user=shopper).lines.exists()
    assert shopper.wishlist.exists()
    assert not shopper.is_superuser


def test_pictures_are_stored_in_every_size(demo: str) -> None:
    image = ProductImage.objects.order_by("pk")[0]
    assert set(image.thumbnails) == {"200", "400", "800"}
    for file in image.thumbnails.values():
        with default_storage.open(file) as stored:
            assert stored.read(3) == b"\xff\xd8\xff"
    assert (
        len({each.file.name for each in ProductImage.objects.all()})
        == ProductImage.objects.count()
    )


def test_each_kind_of_shoe_has_a_drawing_of_its_own() -> None:
    nouns = {noun for garment in GARMENTS for noun in garment.nouns}
    assert set(PICTURES) <= nouns
    drawn = {garment.picture for garment in GARMENTS} | set(PICTURES.values())
    assert drawn <= set(pictures.SHAPES)
    assert set(FOOTWEAR) <= drawn, "an outline that nobody wears"


def test_a_second_run_says_so_and_changes_nothing(demo: str) -> None:
    before = fingerprint()
    assert "loaded already (300 products); nothing was changed" in run()
    assert fingerprint() == before


def test_next_order_number_follows(demo: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_order_number')")
        assert cursor.fetchone() == (421,)


def fingerprint() -> list[tuple[str, int, str]]:
    """Return, for each table that the demo fills, how many rows it has and a hash over all
    of them.
    """
    tables = (
        "accounts_address",
        "products_product",
        "products_variant",
        "products_stockmovement",
        "products_review",
        "products_productimage",
        "orders_order",
        "orders_orderline",
        "orders_ordertax",
        "orders_orderdiscount",
        "orders_orderevent",
        "orders_fulfilment",
        "orders_fulfilmentline",
        "orders_return",
        "orders_returnline",
        "orders_payment",
        "orders_refund",
        "orders_invoice",
        "orders_invoiceline",
        "orders_cartline",
        "products_category",
    )
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            # Without identity columns, which go on counting, and the moment of a price.
            cursor.execute(
                "SELECT count(*), md5(string_agg(row, '' ORDER BY row)) FROM (SELECT"
                " (to_jsonb(t) - 'priced_at' - CASE WHEN jsonb_typeof(to_jsonb(t)->'id') ="
                f" 'number' THEN 'id' ELSE '' END)::text AS row FROM {table} t) rows"
            )
            found.append((table, *cursor.fetchone()))
    return found


def test_nobody_else_can_sign_in(demo: str, rf) -> None:
    other = User.objects.exclude(
        email__in=(people.CUSTOMER, people.STAFF, people.ADMIN)
    )[0]
    assert not other.has_usable_password()
    assert (
        authenticate(rf.post("/"), username=other.email, password=demo.split()[-1])
        is None
    )


def test_every_invariant_holds(demo: str) -> None:
    # Pictures that other tests of this process have left are not the demo's.
    named = set(
        ProductImage.objects.exclude(file="").values_list("file", flat=True)
    )
    named |= {
        name
        for thumbs in ProductImage.objects.values_list("thumbnails", flat=True)
        for name in thumbs.values()
    }
    root = Path(settings.MEDIA_ROOT)
    for path in (root / "products").rglob("*"):
        if path.is_file() and path.relative_to(root).as_posix() not in named:
            path.unlink()
    out = StringIO()
    call_command("verify", stdout=out, stderr=out)
    assert "nothing is wrong" in out.getvalue()


def test_keeps_the_products_right_wherever_a_batch_ends(
    empty: None, monkeypatch
) -> None:
    monkeypatch.setattr(row_writer, "_BATCH", 7)
    run("--scale", "20")
    out = StringIO()
    call_command("verify", "--only", "products", stdout=out, stderr=out)
    assert "nothing is wrong" in out.getvalue()
    assert not Product.objects.filter(colors=[]).exists()


@pytest.fixture
def large(monkeypatch) -> None:
    """Have any demo loaded as a large one is: checks and indexes once for all rows."""
    monkeypatch.setattr(load, "MANY_PRODUCTS", 1)


def read_structure() -> list[tuple[object, ...]]:
    """Return all indexes, constraints and triggers, and whether they are in force; but those of
    the months of events, which a load makes.

    Without the casts of an index's values, which PostgreSQL moves from the list to each of it when
    it reads its own definition for the first time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            r"""SELECT * FROM (
            SELECT indrelid::regclass::text, regexp_replace(pg_get_indexdef(indexrelid),
                '::(character varying|text)(\[\])?|[()]', '', 'g'), indisvalid::text
                FROM pg_index WHERE indrelid::regclass::text !~ '^pg_'
            UNION ALL SELECT conrelid::regclass::text, conname || pg_get_constraintdef(oid),
                convalidated::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled::text
                FROM pg_trigger WHERE NOT tgisinternal
            ) AS found (of_table, what, in_force) WHERE of_table !~ '^analytics_event_'
            ORDER BY 1, 2"""
        )
        return list(cursor.fetchall())


@pytest.mark.usefixtures("empty", "large")
def test_a_large_one_leaves_all_rules_as_they_were() -> None:
    before = read_structure()
    run("--scale", "20")
    assert read_structure() == before
    for part in ("constraints", "products", "orders"):
        out = StringIO()
        call_command("verify", "--only", part, stdout=out, stderr=out)
        assert "nothing is wrong" in out.getvalue()


@pytest.mark.usefixtures("empty")
def test_a_large_one_is_the_same_as_row_by_row(monkeypatch) -> None:
    run("--scale", "20")
    row_by_row = fingerprint()
    call_command("flush", interactive=False, verbosity=0)
    monkeypatch.setattr(load, "MANY_PRODUCTS", 1)
    monkeypatch.setattr(
        load, "ROUNDS", 1
    )  # its other rounds are of a large one only
    run("--scale", "20")
    assert fingerprint() == row_by_row


def load_wrongly(refusal: type[Exception], says: str) -> None:
    """Load a large demo that is refused, and leaves nothing."""
    before = read_structure()
    with pytest.raises(refusal, match=says):
        run("--scale", "60")
    assert not Order.objects.exists()
    assert read_structure() == before


NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.mark.usefixtures("empty", "large")
@pytest.mark.parametrize(
    ("table", "column", "wrong", "refusal", "says"),
    [
        (
            "orders_orderline",
            "unit_price",
            "1.00",
            RowsBreakRules,
            "equals its lines",
        ),
        ("orders_ordertax", "amount", "0.01", RowsBreakRules, "tax = its parts"),
        (
            "orders_orderdiscount",
            "shares",
            f'{{"{NOBODY}": "1.00"}}',
            RowsBreakRules,
            "a discount = the shares",
        ),
        (
            "orders_invoiceline",
            "charged",
            "1.00",
            RowsBreakRules,
            "equals its|adds up",
        ),
        ("products_review", "rating", 1, RowsBreakRules, "ratings = reviews"),
        (
            "products_product",
            "colors",
            ["Plaid"],
            RowsBreakRules,
            "colours and sizes = those",
        ),
        (
            "products_product",
            "stocked_sizes",
            ["Huge"],
            RowsBreakRules,
            "stocked colours and sizes = those",
        ),
        (
            "orders_order",
            "number",
            "MK-2026-000006",
            IntegrityError,
            "could not create unique index",
        ),
        (
            "products_productimage",
            "product_id",
            NOBODY,
            IntegrityError,
            "foreign key",
        ),
    ],
)
def test_a_large_one_refuses_what_row_by_row_is_refused(
    monkeypatch,
    table: str,
    column: str,
    wrong: object,
    refusal: type[Exception],
    says: str,
) -> None:
    place = row_writer.COLUMNS[table].index(column)
    add, left = row_writer.RowWriter.add, [table]

    def add_one_wrong(
        self: row_writer.RowWriter, name: str, row: row_writer.Row
    ) -> None:
        if name in left and row[place] != wrong:
            left.remove(name)
            row = (*row[:place], wrong, *row[place + 1 :])
        add(self, name, row)

    monkeypatch.setattr(row_writer.RowWriter, "add", add_one_wrong)
    load_wrongly(refusal, says)
    assert not left


@pytest.mark.usefixtures("empty", "large")
def test_a_large_one_refuses_discounts_that_are_each_others(monkeypatch) -> None:
    """Their sum is right."""
    place = row_writer.COLUMNS["orders_orderdiscount"].index("shares")
    add = row_writer.RowWriter.add

    def add_to_nobody(
        self: row_writer.RowWriter, name: str, row: row_writer.Row
    ) -> None:
        if name == "orders_orderdiscount":
            shares = json.loads(str(row[place]))
            moved = {**shares, NOBODY: shares.pop(next(iter(shares)))}
            moved = {
                key: moved[key] for key in moved if key in shares or key == NOBODY
            }
            row = (*row[:place], json.dumps(moved), *row[place + 1 :])
        add(self, name, row)

    monkeypatch.setattr(row_writer.RowWriter, "add", add_to_nobody)
    load_wrongly(RowsBreakRules, "a discount = the shares")


@pytest.mark.usefixtures("empty", "large")
def test_a_large_one_refuses_invoices_without_numbers(monkeypatch) -> None:
    monkeypatch.setattr(invoices, "number_invoices", lambda: None)
    load_wrongly(RowsBreakRules, "every invoice has its number")


@pytest.mark.usefixtures("empty", "large")
def test_a_large_one_refuses_a_ledger_that_is_off(monkeypatch) -> None:
    book = ledger_backfill.book_missing

    def book_one_more() -> int:
        lines = book()
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO orders_ledgerline (entry_id, account, amount, currency)
                SELECT entry_id, account || 'x', 1, currency FROM orders_ledgerline LIMIT 1"""
            )
        return lines + 1

    monkeypatch.setattr(ledger_backfill, "book_missing", book_one_more)
    load_wrongly(RowsBreakRules, "an entry of the ledger adds up to 0")


@pytest.mark.usefixtures("empty", "large")
def test_a_large_one_refuses_a_first_round_that_is_not_repeated(
    monkeypatch,
) -> None:
    make_statement = repeats._make_statement

    def pass_over_the_first_row(table: str, block: str) -> str:
        return make_statement(table, block).replace(
            "made.ctid > %s::tid", "made.ctid > greatest(%s::tid, '(0,1)')"
        )

    monkeypatch.setattr(repeats, "_make_statement", pass_over_the_first_row)
    load_wrongly(RuntimeError, "rows were repeated")


@pytest.mark.usefixtures("empty", "large")
def test_a_large_one_refuses_an_account_twice_in_an_entry(monkeypatch) -> None:
    book = ledger_backfill.book_missing

    def book_there_and_back() -> int:
        lines = book()
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO orders_ledgerline (entry_id, account, amount, currency)
                SELECT entry_id, account || 'x', of.amount, currency FROM
                (SELECT * FROM orders_ledgerline LIMIT 1) AS one, (VALUES (1), (-1)) AS of (amount)
                """
            )
        return lines + 2

    monkeypatch.setattr(ledger_backfill, "book_missing", book_there_and_back)
    load_wrongly(IntegrityError, "ledger_line_once_per_account")


@pytest.mark.usefixtures("empty", "large")
def test_a_large_one_gives_up_where_somebody_keeps_a_table(monkeypatch) -> None:
    monkeypatch.setattr(bulk_load, "LOCK_TIMEOUT_S", 1)
    with psycopg.connect(**connection.get_connection_params()) as reader:
        reader.execute("SELECT count(*) FROM orders_order")
        with pytest.raises(OperationalError, match="lock timeout"):
            run("--scale", "20")
    assert not Order.objects.exists()


@pytest.mark.usefixtures("db")
def test_each_check_of_a_large_one_has_a_rule_that_is_asked_instead() -> None:
    rules = {rule.rule for rule in list_row_rules()}
    assert {*load.ASKED_AFTERWARDS.values(), *load.ALSO_ASKED} <= rules
    tables = {*load.LARGEST_TABLES, *load.LEDGER_TABLES}
    checks = {
        declared.name
        for table, declared in list_declared()
        if isinstance(declared, Trigger)
        and declared.arguments["deferred"]
        and table in tables
    }
    assert len(checks) > 8
    assert checks <= set(load.ASKED_AFTERWARDS)


def test_staff_see_figures(demo: str) -> None:
    sold = DailySales.objects.filter(orders__gt=0)
    assert sold.count() > 60
    made = Order.objects.exclude(status="cancelled").count()
    assert sold.aggregate(n=Sum("orders"))["n"] == made
    assert (
        DailyFunnel.objects.filter(
            visits__gt=0, carts__gt=0, checkouts__gt=0
        ).count()
        >= 20
    )


def test_is_the_same_for_the_same_day(empty: None) -> None:
    run("--scale", "20")
    first = fingerprint()
    call_command("flush", interactive=False, verbosity=0)
    run("--scale", "20")
    assert fingerprint() == first
    assert (Product.objects.count(), Variant.objects.count()) == (20, 120)
    assert (Review.objects.count(), Order.objects.count()) == (200, 100)
    assert User.objects.filter(role="customer").count() == 60


def test_refuses_a_shop_of_its_own(empty: None) -> None:
    Category.objects.create(name="Mine", slug="mine")
    with pytest.raises(CommandError, match="catalogue of its own"):
        run()
    assert not User.objects.exists()


def test_refuses_without_debug(empty: None) -> None:
    with pytest.raises(CommandError, match="DEBUG is off"):
        call_command("load_demo", today=TODAY)
    assert not Product.objects.exists()


def test_a_failure_leaves_nothing(empty: None, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)
    with pytest.raises(OSError, match="No space"):
        load.load_shop(
            Plan(TODAY, 2, scaled=True),
            password="x",
            steps=lambda what, total: lambda number: None,
        )
    assert not Product.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.usefixtures("db")
def test_a_table_with_nothing_but_a_unique_constraint_gets_it_back() -> None:
    """Before its checks that are still to come, which no table may have that is altered."""
    with connection.cursor() as cursor:
        cursor.execute(
            'CREATE TABLE test_bare (id int PRIMARY KEY, "of" int,'
            ' CONSTRAINT "Of once" UNIQUE NULLS NOT DISTINCT ("of"))'
        )
        cursor.execute(
            """CREATE FUNCTION pg_temp.look() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN RETURN NULL; END'"""
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER test_looks AFTER INSERT ON test_bare"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.look()"
        )
        bulk = BulkLoad(["test_bare"])
        bulk.take_away(())
        cursor.execute("INSERT INTO test_bare VALUES (1, NULL), (2, 2)")
        bulk.put_back(())
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'test_bare'::regclass AND contype = 'u'"
        )
        assert cursor.fetchall() == [("Of once", "UNIQUE NULLS NOT DISTINCT (of)")]
