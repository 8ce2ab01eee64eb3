"""Files for `manage.py import_products`, and what it says about them."""

import csv
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from products.models import (
    Category,
    FormerSlug,
    Product,
    ProductImage,
    SearchWord,
    StockMovement,
    Variant,
)

HEADER = [
    "product",
    "name",
    "category",
    "basePrice",
    "sku",
    "size",
    "color",
    "stock",
]


@pytest.fixture
def write(tmp_path):
    """Write a CSV file of rows given as dicts; what a row lacks is empty."""

    def write_(
        *rows: dict[str, str], header: list[str] | None = None, name: str = "in.csv"
    ) -> Path:
        names = header or list(
            dict.fromkeys([*HEADER, *(key for row in rows for key in row)])
        )
        path: Path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write_


def run_import(path: Path, *args: object) -> str:
    out = StringIO()
    call_command("import_products", str(path), *map(str, args), stdout=out)
    return out.getvalue()


def list_rejected(path: Path, *args: object) -> list[tuple[str, str, str, str]]:
    """Run the import and return what it left out: line, product, column, reason."""
    report = path.with_suffix(".rejects.csv")
    with suppress(
        CommandError
    ):  # --strict says at the end that something was left out
        run_import(path, "--strict", "--rejects", report, *args)
    with report.open(newline="", encoding="utf-8") as file:
        return [
            (row["line"], row["product"], row["column"], row["reason"])
            for row in csv.DictReader(file)
        ]


def list_imported_rows() -> list[object]:
    """Return all rows that an import writes, with their times."""
    found: list[object] = []
    for model in (
        Product,
        Variant,
        StockMovement,
        ProductImage,
        Category,
        FormerSlug,
        SearchWord,
    ):
        found += model.objects.order_by("pk").values_list()
    return found
