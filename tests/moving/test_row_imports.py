"""Customers and discounts from another shop's files: what comes, what is refused by name, and
that a second run changes nothing.
"""

from contextlib import suppress
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import Address, User
from markrin.outbox.models import OutboxEvent
from orders.models import Coupon, PastOrder
from orders.services import privacy
from products.models import Purchase, Review, StockLevel
from tests.factories import make_product, make_user, make_variant

pytestmark = pytest.mark.django_db
CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,"
    "Default Address Country Code,Default Address Zip,Default Address Phone,Note,Tags\n"
    "1,Asha,Rao,Asha@Example.com,yes,12 MG Road,Flat 3,Pune,MH,IN,411001,+919876543210,,vip\n"
    "2,,Iyer,iyer@example.com,no,,,,,,,,,\n"
    "3,No,Phone,nophone@example.com,no,1 Road,,Pune,MH,IN,411001,12,,\n"
    "4,Bad,,not-an-address,no,,,,,,,,,\n"
    "5,There,Already,there@example.com,no,,,,,,,,,\n"
)


def run(tmp_path: Path, command: str, text: str, *args: str) -> str:
    path, out = tmp_path / "in.csv", StringIO()
    path.write_text(text, "utf-8")
    call_command(command, str(path), *args, stdout=out)
    return out.getvalue()


def test_customers_come_without_passwords_once(tmp_path) -> None:
    there = make_user(email="there@example.com", name="Mine")
    assert "Would be: created 3" in run(
        tmp_path, "import_customers", CUSTOMERS, "--dry-run"
    )
    assert User.objects.count() == 1
    said = run(tmp_path, "import_customers", CUSTOMERS)
    assert "created 3, changed 0, unchanged 1, refused 1" in said
    assert "line 5: not-an-address" in said
    asha = User.objects.get(email="asha@example.com")
    assert (asha.name, asha.last_name, asha.phone) == (
        "Asha",
        "Rao",
        "+919876543210",
    )
    assert not asha.has_usable_password()
    address = Address.objects.get(user=asha)
    assert (address.street, address.city, address.country, address.is_default) == (
        "12 MG Road, Flat 3",
        "Pune",
        "IN",
        True,
    )
    assert User.objects.get(email="iyer@example.com").name == "Iyer"
    assert not Address.objects.filter(user__email="nophone@example.com").exists()
    there.refresh_from_db()
    assert there.name == "Mine"
    again = run(tmp_path, "import_customers", CUSTOMERS)
    assert "created 0, changed 0, unchanged 4" in again
    assert not OutboxEvent.objects.exists(), "nobody is mailed unasked"


def test_new_customers_are_invited_when_asked(tmp_path) -> None:
    make_user(email="there@example.com")
    run(tmp_path, "import_customers", CUSTOMERS, "--invite")
    jobs = OutboxEvent.objects.filter(task="accounts.reset_by_mail")
    assert jobs.count() == 3
    run(tmp_path, "import_customers", CUSTOMERS, "--invite")
    assert jobs.count() == 3


DISCOUNTS = (
    "Name,Value,Value Type,Discount Class,Minimum Purchase Requirements,Usage Limit Per Code,"
    "Applies Once Per Customer,Status,Start,End\n"
    "WELCOME10,-10.0,percentage,order,,100,true,Active,2026-01-01 00:00:00 UTC,\n"
    "FLAT50,-50.0,fixed_amount,order,500.0,,false,Expired,2025-01-01 00:00:00 UTC,"
    "2025-12-31 00:00:00 UTC\n"
    "SHIPFREE,0,free_shipping,shipping,,,false,Active,,\n"
    "TOOMUCH,-150,percentage,order,,,false,Active,,\n"
)


def test_discounts_become_coupons_once(tmp_path) -> None:
    said = run(tmp_path, "import_discounts", DISCOUNTS)
    assert "created 2, changed 0, unchanged 0, refused 2" in said
    assert "SHIPFREE" in said
    welcome, flat = (
        Coupon.objects.get(code="WELCOME10"),
        Coupon.objects.get(code="FLAT50"),
    )
    assert (welcome.promotion.percent, welcome.total_limit) == (Decimal(10), 100)
    assert welcome.promotion.per_customer_limit == 1
    assert (flat.promotion.min_spend, flat.promotion.is_active) == (
        Decimal(500),
        False,
    )
    again = run(tmp_path, "import_discounts", DISCOUNTS)
    assert "created 0, changed 0, unchanged 2, refused 2" in again


ORDERS = (
    "Name,Email,Financial Status,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem sku,Cancelled at\n"
    "#1001,asha@example.com,paid,fulfilled,INR,160.00,2024-05-01 10:00:00 +0530,2,Coat - S,50.00,"
    "C 1,\n"
    "#1001,asha@example.com,,,,,,1,Belt,60.00,B-1,\n"
    "#1002,asha@example.com,refunded,,INR,10.00,2024-06-01 10:00:00 +0530,1,Hat,10.00,H-1,\n"
    "#1003,late@example.com,paid,fulfilled,INR,60.00,2024-06-02 10:00:00 +0530,1,Belt,60.00,B-1,\n"
    "#1004,asha@example.com,paid,,INR,free,2024-06-02 10:00:00 +0530,1,Belt,60.00,B-1,\n"
)


def test_orders_come_as_history_that_counts_as_bought(tmp_path) -> None:
    for sku in ("C-1", "B-1", "H-1"):
        make_variant(sku=sku, stock=4)
    run(tmp_path, "import_customers", CUSTOMERS)
    said = run(tmp_path, "import_orders", ORDERS)
    assert "created 3, changed 0, unchanged 0, refused 1" in said
    order = PastOrder.objects.get(number="#1001")
    assert (order.total, order.status, len(order.lines)) == (
        Decimal(160),
        "fulfilled",
        2,
    )
    asha = User.objects.get(email="asha@example.com")
    bought = Purchase.objects.filter(user=asha)
    skus = bought.values_list("product__variants__sku", flat=True)
    assert set(skus) == {"C-1", "B-1"}, "what was refunded was not kept"
    levels = StockLevel.objects.values_list("on_hand", "reserved")
    assert set(levels) == {(4, 0)}
    assert not OutboxEvent.objects.filter(task__contains="mail").exists()
    assert "unchanged 3" in run(tmp_path, "import_orders", ORDERS)
    late = make_user(email="late@example.com")
    with transaction.atomic():
        assert privacy.attach_guest_orders(user=late) == 1
    assert Purchase.objects.filter(user=late).exists()
    exported = privacy.export_customer(user=late)["past_orders"]
    assert isinstance(exported, list)
    assert exported[0]["number"] == "#1003"
    with transaction.atomic():
        privacy.erase_customer(user=late)
    assert PastOrder.objects.get(number="#1003").email == ""


def test_an_orders_lines_may_stand_anywhere(tmp_path) -> None:
    head, first, second, hat, *_ = ORDERS.splitlines(keepends=True)
    said = run(tmp_path, "import_orders", head + second + hat + first)
    assert "created 2, changed 0, unchanged 0, refused 0" in said
    order = PastOrder.objects.get(number="#1001")
    assert (order.total, order.placed_at.year) == (Decimal(160), 2024)
    assert {line["sku"] for line in order.lines} == {"B-1", "C-1"}


# A line an item, as Advanced Order Export writes it: the order's columns in its first line only.
BY_LINE = (
    "Order Number,Order Status,Order Date,First Name (Billing),Email (Billing),"
    "Order Total Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost\n"
    "31,Completed,2024-05-01 10:00,Asha,asha@example.com,160.00,C-1,1,Coat - S,2,50.00\n"
    ",,,,,,B-1,2,Belt,0,60.00\n"
    "32,Pending payment,2024-05-02 10:00,Asha,asha@example.com,10.00,H-1,1,Hat,1,10.00\n"
)
# Import Export Suite; Customer/Order/Coupon Export, whose items are one cell or JSON.
BY_COLUMN = (
    "order_id,order_number,order_date,status,order_total,order_currency,billing_email,"
    "line_item_1,line_item_2\n"
    "7,31,2024-05-01 10:00:00,wc-completed,160.00,INR,asha@example.com,"
    'name:Coat - S|product_id:1|sku:C-1|quantity:2|total:100.00|tax_data:a:1:{s:5:""total"";},'
    "name:Belt|sku:B-1|quantity:0|total:60.00\n"
    "8,32,2024-05-02 10:00:00,wc-on-hold,10.00,INR,asha@example.com,"
    "name:Hat|sku:H-1|quantity:1|total:10.00,\n"
)
BY_CELL = (
    "order_number,date,status,order_total,order_currency,billing_email,line_items\n"
    "31,2024-05-01 10:00:00,completed,160.00,INR,asha@example.com,"
    "name:Coat - S|sku:C-1|quantity:2|total:100.00;name:Belt|sku:B-1|quantity:0|total:60\n"
    "32,2024-05-02 10:00:00,failed,10.00,INR,asha@example.com,"
    '"[{""name"": ""Hat"", ""sku"": ""H-1"", ""quantity"": 1, ""total"": ""10.00""}]"\n'
)


@pytest.mark.parametrize("text", [BY_LINE, BY_COLUMN, BY_CELL])
def test_woocommerces_orders_come_by_its_plugins(tmp_path, text: str) -> None:
    for sku in ("C-1", "B-1", "H-1"):
        make_variant(sku=sku, stock=4)
    run(tmp_path, "import_customers", CUSTOMERS)
    command = ("import_orders", text, "--source", "woocommerce")
    assert "created 2, changed 0, unchanged 0, refused 0" in run(tmp_path, *command)
    order = PastOrder.objects.get(source="woocommerce", number="31")
    assert (order.total, order.status, order.currency) == (
        Decimal(160),
        "completed",
        "INR",
    )
    coat, belt = order.lines
    wanted = {"sku": "C-1", "name": "Coat - S", "quantity": 2, "price": "50.00"}
    assert coat == wanted
    assert (belt["sku"], belt["quantity"]) == ("B-1", 0)
    bought = Purchase.objects.filter(user__email="asha@example.com")
    skus = bought.values_list("product__variants__sku", flat=True)
    assert set(skus) == {"C-1"}, "what came back, or was never paid, was not bought"
    assert "created 0, changed 0, unchanged 2" in run(tmp_path, *command)


@pytest.mark.parametrize("item", ["[" * 50_000, '[{""name"": ""a\\u0000b""}]'])
def test_items_that_nobody_can_read_leave_the_other_orders(
    tmp_path, item: str
) -> None:
    header = "order_id,order_total,order_date,line_items\n"
    bad = f'1,10.00,2026-05-01 10:00:00,"{item}"\n'
    good = '2,10.00,2026-05-01 10:00:00,"[{""name"": ""Hat"", ""quantity"": 1}]"\n'
    with suppress(CommandError):  # a row was refused
        run(tmp_path, "import_orders", header + bad + good)
    orders = dict(PastOrder.objects.values_list("number", "lines"))
    assert orders["2"][0]["name"] == "Hat"
    assert orders.get("1", []) == []


def test_woocommerces_own_orders_come_with_what_they_lack_reported(
    tmp_path,
) -> None:
    report = tmp_path / "report.csv"
    text = (
        "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),"
        "Items sold,Coupon(s),Net Sales,Attribution\n"
        '2024-05-01 10:00:00,31,"₹1,160.00",completed,Asha Rao,new,'
        '"2× Coat - S, red, 1× Belt",3,,1160,Direct\n'
    )
    said = run(tmp_path, "import_orders", text, "--report", str(report))
    assert "created 1, changed 0, unchanged 0, refused 0" in said
    order = PastOrder.objects.get()
    assert (order.total, order.email) == (Decimal(1160), "")
    items = [(line["quantity"], line["name"]) for line in order.lines]
    assert items == [(2, "Coat - S, red"), (1, "Belt")]
    told = report.read_text("utf-8")
    assert "without tax and shipping" in told
    assert "no e-mail" in told


REVIEWS = (
    "title,body,rating,review_date,reviewer_name,reviewer_email,product_handle,curated\n"
    "Lovely,<p>Soft &amp; warm</p>,5,2024-05-01 10:00:00 UTC,Asha,Asha@example.com,old_coat,ok\n"
    ",Meh,2,,Iyer,iyer@example.com,old_coat,spam\n"
    ",Nobody,4,,X,nobody@example.com,old_coat,ok\n"
    ",None,9,,No,nophone@example.com,old_coat,ok\n"
    ",Where,4,,Asha,asha@example.com,gone,ok\n"
)


def test_reviews_come_once_and_hidden_ones_stay_hidden(tmp_path) -> None:
    product = make_product(slug="old-coat")
    run(tmp_path, "import_customers", CUSTOMERS)
    said = run(tmp_path, "import_reviews", REVIEWS)
    assert "created 2, changed 0, unchanged 0, refused 3" in said
    review = Review.objects.get(user__email="asha@example.com")
    assert (review.rating, review.comment) == (5, "Lovely\nSoft & warm")
    assert review.created_at.year == 2024
    product.refresh_from_db()
    assert (product.review_count, product.rating) == (1, Decimal(5))
    assert "unchanged 2" in run(tmp_path, "import_reviews", REVIEWS)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            "import_customers",
            "the column email or e-mail is missing; the file has a, b",
        ),
        ("import_discounts", "name or code, value or amount, value type or type"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_columns(
    tmp_path, command: str, says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        run(tmp_path, command, "a,b\n1,2\n")
