"""A shop of Shopify's moves into an empty one by the commands of docs/moving.md alone: what comes
in, that old links work, that a second run changes nothing, and that `verify` finds nothing.
"""

import csv
import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from orders.models import Coupon
from products.models import Product, Purchase, StockLevel, Variant
from storefront.models import Redirect

DOCS = Path(__file__).parents[2] / "docs/moving.md"
PRODUCTS = 40


def commands() -> list[list[str]]:
    """Return the commands of the section on Shopify, as the page has them."""
    section = (
        DOCS.read_text("utf-8")
        .partition("## From Shopify")[2]
        .partition("\n## ")[0]
    )
    return [
        shlex.split(line)
        for line in re.findall(
            r"^    python manage\.py (.+)$", section, re.MULTILINE
        )
    ]


def run_all(folder: Path) -> dict[str, str]:
    said = {}
    for name, *args in commands():
        out = StringIO()
        files = [str(folder / arg) if arg.endswith(".csv") else arg for arg in args]
        call_command(name, *files, stdout=out)
        said[name] = out.getvalue()
    return said


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, list(dict.fromkeys(k for row in rows for k in row))
        )
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """Return a folder of exports as Shopify writes them."""
    products, inventory = [], []
    for number in range(PRODUCTS):
        for place, size in enumerate(("S", "M", "3XL")):
            first = place == 0
            sku = f"MV-{number}-{size}"
            products.append(
                {
                    "Handle": f"old_style-{number}",
                    "Title": f"Old style {number}" if first else "",
                    "Body (HTML)": "<p>Soft &amp; warm</p>" if first else "",
                    "Vendor": "Acme" if first else "",
                    "Type": f"Type {number % 5}" if first else "",
                    "Tags": "women, wool" if first else "",
                    "Published": ("false" if number == 7 else "true")
                    if first
                    else "",
                    "Option1 Name": "Size" if first else "",
                    "Option1 Value": size,
                    "Variant SKU": sku,
                    "Variant Inventory Tracker": "shopify",
                    "Variant Inventory Policy": "deny",
                    "Variant Price": "65.00" if size == "3XL" else "50.00",
                    "Variant Compare At Price": "",
                    "Image Src": f"https://cdn.example/{number}.jpg"
                    if first
                    else "",
                    "Status": "active" if first else "",
                }
            )
            inventory.append(
                {
                    "Handle": f"old_style-{number}",
                    "Title": f"Old style {number}",
                    "SKU": sku,
                    "HS Code": "",
                    "COO": "",
                    "Shop": "2",
                    "Warehouse": "not stocked" if size == "M" else "3",
                }
            )
    write(tmp_path / "products_export.csv", products)
    write(tmp_path / "inventory_export.csv", inventory)
    write(
        tmp_path / "customers_export.csv",
        [
            {
                "First Name": f"First {number}",
                "Last Name": "Last",
                "Email": f"buyer{number}@example.com",
                "Default Address Address1": f"{number} MG Road",
                "Default Address City": "Pune",
                "Default Address Province Code": "MH",
                "Default Address Country Code": "IN",
                "Default Address Zip": "411001",
                "Default Address Phone": "+919876543210",
            }
            for number in range(25)
        ],
    )
    write(
        tmp_path / "orders_export.csv",
        [
            {
                "Name": f"#10{number}",
                "Email": f"buyer{number}@example.com",
                "Financial Status": "paid",
                "Fulfillment Status": "fulfilled",
                "Currency": "INR",
                "Total": "50.00",
                "Created at": "2024-05-01 10:00:00 +0530",
                "Lineitem quantity": "1",
                "Lineitem name": "Old style - S",
                "Lineitem price": "50.00",
                "Lineitem sku": f"MV-{number}-S",
            }
            for number in range(20)
        ],
    )
    write(
        tmp_path / "discounts_export.csv",
        [
            {"Name": "TEN", "Value": "-10.0", "Value Type": "percentage"},
            {"Name": "FIFTY", "Value": "-50.0", "Value Type": "fixed_amount"},
        ],
    )
    write(
        tmp_path / "redirects_export.csv",
        [
            {"Redirect from": "/pages/sizes", "Redirect to": "/shop?gender=women"},
            {"Redirect from": "/spring", "Redirect to": "/products/old_style-3"},
        ],
    )
    return tmp_path


@pytest.mark.usefixtures("built")
@pytest.mark.django_db(transaction=True)
def test_a_shop_moves_in_by_the_documented_commands(exports: Path) -> None:
    said = run_all(exports)
    assert (
        f"created {PRODUCTS}, updated 0, unchanged 0, rejected 0"
        in (said["import_products"])
    )
    assert f"{PRODUCTS * 3} applied" in said["sync_inventory"]
    assert "created 25" in said["import_customers"]
    assert "created 20" in said["import_orders"]
    assert Purchase.objects.count() == 20
    assert "created 2" in said["import_discounts"]
    assert "created 2" in said["import_redirects"]
    assert Product.objects.filter(status="published").count() == PRODUCTS - 1
    assert Variant.objects.filter(base_price=65).count() == PRODUCTS
    levels = StockLevel.objects.filter(variant__sku__startswith="MV-0-")
    assert dict(levels.values_list("variant__sku", "on_hand")) == {
        "MV-0-S": 5,
        "MV-0-M": 2,
        "MV-0-3XL": 5,
    }
    assert (User.objects.count(), Coupon.objects.count()) == (25, 2)

    def follow(path: str) -> list[str]:
        answer = Client().get(path, follow=True)
        assert answer.status_code == 200
        return [step for step, _ in answer.redirect_chain]

    assert follow("/products/old_style-3") == ["/p/old-style-3"]
    assert follow("/spring") == ["/products/old_style-3", "/p/old-style-3"]
    assert follow("/pages/sizes") == ["/shop?gender=women"]
    assert follow("/collections/type-1") == ["/shop/type-1"]
    assert Client().get("/products/old_style-7").status_code == 404, "hidden"

    again = run_all(exports)
    assert f"created 0, updated 0, unchanged {PRODUCTS}" in again["import_products"]
    assert "sent before" in again["sync_inventory"]
    assert "created 0, changed 0, unchanged 25" in again["import_customers"]
    assert Redirect.objects.count() == 2
