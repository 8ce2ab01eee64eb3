"""What the schema of an import takes, the database takes: each column at its least and its
most, a product each.
"""

import csv
from io import StringIO

import pytest
from django.core.management import call_command

from products.importing import native_csv
from products.importing.schemas import ImportProduct, ImportVariant
from products.models import Product
from tests.fuzz import examples

_OWN = {"variantBasePrice": "99999999.00", "variantSalePrice": "1.00"}
# What a column needs beside it to be taken.
NEEDED = {
    "saleStartsAt": {"salePrice": "1.00"},
    "saleEndsAt": {"salePrice": "1.00"},
    "variantSalePrice": _OWN,
    "variantSaleStartsAt": _OWN,
    "variantSaleEndsAt": _OWN,
}
PLAIN = {
    "name": "Linen Shirt",
    "category": "Men > Shirts",
    "basePrice": "99999999.00",
}


@pytest.mark.django_db
def test_no_row_that_the_schema_takes_is_refused_by_the_database(tmp_path):
    rows = list(_rows())
    path, report = tmp_path / "in.csv", tmp_path / "rejects.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, native_csv.COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    call_command(
        "import_products", str(path), "--rejects", str(report), stdout=StringIO()
    )
    with report.open(newline="", encoding="utf-8") as file:
        refused = {row["column"]: row["reason"] for row in csv.DictReader(file)}
    assert set(refused.items()) <= {
        ("salePrice", "range"),
        ("salePrice", "required"),
        ("variantSalePrice", "range"),
        ("variantSalePrice", "required"),
        ("variantBasePrice", "required"),
    }, "a sale's price and dates are the rules over several columns"
    assert Product.objects.count() > len(rows) - 5 > 60


def _rows():
    of_variant = {field: name for name, field in native_csv.VARIANT.items()}
    for schema, columns in ((ImportProduct(), {}), (ImportVariant(), of_variant)):
        for name, field in schema.fields.items():
            column = columns.get(field.data_key or "", field.data_key or name)
            for edge in (
                examples.edges(field) if column in native_csv.COLUMNS else ()
            ):
                if isinstance(edge, str) and edge:
                    number = f"E{column}{len(edge)}{sum(map(ord, edge))}"
                    more = NEEDED.get(column, {})
                    yield {
                        "product": number,
                        "sku": number,
                        **PLAIN,
                        **more,
                        column: edge,
                    }
