"""`manage.py import_products` of others' files: Shopify's, and any CSV by a mapping."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError

from products.csv_reader import FileRefused
from products.importing import mapping
from products.models import Category, Product
from tests.products.import_files import (
    list_imported_rows,
    list_rejected,
    run_import,
    write,
)

__all__ = ["write"]


# --- Shopify -------------------------------------------------------------------------------------
SHOPIFY = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Variant SKU",
    "Variant Inventory Qty",
    "Variant Price",
    "Variant Compare At Price",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
]
TOP = {
    "Handle": "varsity-top",
    "Title": "Varsity Top",
    "Body (HTML)": "<p>Warm &amp; soft.</p><p>Washable</p>",
    "Vendor": "Acme",
    "Type": "Tops",
    "Tags": "women, new",
    "Published": "true",
    "Option1 Name": "Size",
    "Option1 Value": "Small",
    "Option2 Name": "Color",
    "Option2 Value": "Red",
    "Variant Inventory Qty": "2",
    "Variant Price": "60",
    "Variant Compare At Price": "80",
    "Image Src": "https://cdn.example.com/2.jpg?v=1",
    "Image Position": "2",
}


@pytest.mark.django_db
def test_imports_shopifys_export(write) -> None:
    path = write(
        TOP,
        {
            "Handle": "varsity-top",
            "Option1 Value": "Large",
            "Option2 Value": "Red",
            "Variant Price": "60",
            "Variant Compare At Price": "80",
            "Variant SKU": "'0042",
            "Variant Inventory Qty": "-3",
        },
        {
            "Handle": "varsity-top",
            "Image Src": "https://cdn.example.com/1.jpg",
            "Image Position": "1",
            "Image Alt Text": "Front",
        },
        {**TOP, "Handle": "gift", "Gift Card": "maybe", "Title": "x" * 201},
        {
            **TOP,
            "Handle": "plain",
            "Type": "",
            "Option1 Name": "Title",
            "Option1 Value": "Default Title",
            "Option2 Name": "",
            "Option2 Value": "",
            "Published": "false",
            "Variant Compare At Price": "",
        },
        {**TOP, "Handle": "two-prices"},
        {
            "Handle": "two-prices",
            "Variant SKU": "TWO-L",
            "Option1 Value": "Large",
            "Option2 Value": "Red",
            "Variant Price": "70",
        },
        header=SHOPIFY,
    )
    found = list_rejected(path, "--format", "shopify")
    assert found == [
        ("5", "gift", "Title", "too_long"),
    ]
    two = Product.objects.get(slug="two-prices").variants.order_by("position")
    assert list(two.values_list("base_price", "sale_price")) == [
        (None, None),
        (Decimal(70), None),
    ]
    top = Product.objects.get(slug="varsity-top")
    assert (top.base_price, top.sale_price, top.brand) == (
        Decimal(80),
        Decimal(60),
        "Acme",
    )
    assert (top.description, top.gender, top.tags) == (
        "Warm & soft.\nWashable",
        "women",
        ["women", "new"],
    )
    assert list(
        top.variants.values_list("sku", "size", "color", "stock__on_hand")
    ) == [
        ("VARSITY-TOP-SMALL-RED", "Small", "Red", 2),
        ("0042", "Large", "Red", 0),
    ]
    assert [image.alt_text for image in top.images.all()] == ["Front", ""]
    plain = Product.objects.get(slug="plain")
    assert (plain.category.name, plain.status, plain.base_price) == (
        "Imported",
        "draft",
        Decimal(60),
    )
    assert list(plain.variants.values_list("sku", "size", "color")) == [
        ("PLAIN", "", "")
    ]
    again = list_rejected(path, "--format", "shopify")
    assert again == found
    assert (two.count(), Product.objects.count()) == (2, 3)


@pytest.mark.django_db
def test_shopifys_price_before_that_is_no_amount_refuses_the_product(write) -> None:
    path = write({**TOP, "Variant Compare At Price": "much"}, header=SHOPIFY)
    assert list_rejected(path, "--format", "shopify") == [
        ("2", "varsity-top", "Variant Compare At Price", "format")
    ]
    assert not Product.objects.exists()


# --- Any CSV by a mapping ------------------------------------------------------------------------
EXAMPLE = Path(__file__).parents[2] / "docs/examples/fashion-catalogue.mapping.toml"
STYLES = [
    "id",
    "gender",
    "masterCategory",
    "subCategory",
    "articleType",
    "baseColour",
    "season",
    "year",
    "usage",
    "productDisplayName",
]


def style(*values: str) -> dict[str, str]:
    return dict(zip(STYLES, values, strict=True))


@pytest.mark.django_db
def test_the_worked_example_imports_its_dataset(write) -> None:
    path = write(
        style(
            "15970",
            "Men",
            "Apparel",
            "Topwear",
            "Shirts",
            "Navy Blue",
            "Fall",
            "2011",
            "Casual",
            "Turtle Check Men Navy Blue Shirt",
        ),
        style(
            "59263",
            "Women",
            "Accessories",
            "Watches",
            "Watches",
            "Silver",
            "Winter",
            "2016",
            "Casual",
            "Titan Women Silver Watch",
        ),
        style(
            "1",
            "Unisex",
            "Footwear",
            "Shoes",
            "Casual Shoes",
            "NA",
            "",
            "2012",
            "NA",
            "Plain shoe",
        ),
        style(
            "2",
            "Men",
            "Free Items",
            "Free Gifts",
            "Free Gifts",
            "Red",
            "Fall",
            "2011",
            "Casual",
            "A gift",
        ),
        style(
            "3",
            "Men",
            "Apparel",
            "Topwear",
            "Shirts",
            "Red",
            "Fall",
            "2011",
            "Casual",
            "NA",
        ),
        header=STYLES,
    )
    found = list_rejected(path, "--mapping", EXAMPLE)
    assert found == [
        ("5", "2", "basePrice", "required"),
        ("6", "3", "productDisplayName", "required"),
    ]
    shirt = Product.objects.get(source_ref="15970")
    assert (shirt.brand, shirt.gender, shirt.tags) == (
        "Turtle Check",
        "men",
        ["Casual", "Fall"],
    )
    assert Decimal(399) <= shirt.base_price <= Decimal(2999)
    assert list(shirt.variants.values_list("sku", flat=True)) == [
        f"FPI-15970-{size}" for size in ("S", "M", "L", "XL")
    ]
    assert set(shirt.variants.values_list("color", flat=True)) == {"Navy Blue"}
    watch = Product.objects.get(source_ref="59263")
    assert list(watch.variants.values_list("sku", "size")) == [("FPI-59263", "")]
    assert Category.objects.get(name="Watches").parent == Category.objects.get(
        name="Accessories"
    ), "a repeated name is one level"
    shoe = Product.objects.get(source_ref="1")
    assert shoe.variants.values_list("sku", "color")[0] == ("FPI-1-UK6", "")
    before = list_imported_rows()
    assert (
        "Nothing has changed: created 0, updated 0, unchanged 3, rejected 2"
        in run_import(path, "--mapping", EXAMPLE)
    )
    assert list_imported_rows() == before


@pytest.mark.django_db
def test_a_mapping_is_checked_against_the_file(write) -> None:
    with pytest.raises(
        CommandError, match="the column masterCategory, subCategory"
    ):
        run_import(
            write({"id": "1", "gender": "Men"}, header=["id", "gender"]),
            "--mapping",
            EXAMPLE,
        )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source = ", "Invalid value"),
        ('source = "x"', "/key This is required"),
        (
            'source = "x"\nkey = "id"\nfoo = 1\n[category]',
            "/foo There is no such field",
        ),
        (
            'source = "x"\nkey = "id"\n[category]\n[columns]\nprize = "p"',
            "/columns/prize There is no such field",
        ),
        (
            'source = "x"\nkey = "id"\n[category]\n[columns]\nname = 5',
            "/columns/name This must be a column",
        ),
        (
            'source = "x"\nkey = "id"\n[category]\n[columns]\nname = {column = "a", match = "("}',
            "regular expression",
        ),
        (
            'source = "x"\nkey = "id"\n[category]\n[columns]\nname = {column = "a", match = "a"}',
            "one group",
        ),
        (
            'source = "x"\nkey = "id"\n[category]\n[[price]]\nlow = 5\nhigh = 1',
            "/price high may not be below low",
        ),
        (
            'source = "x"\nkey = "id"\n[category]\n[[price]]\nlow = "5"\nhigh = 10',
            "whole number",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_by_name(tmp_path, text: str, says: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(FileRefused, match=says):
        mapping.load_mapping(path)


@pytest.mark.django_db
def test_a_mapping_takes_variants_of_different_prices(tmp_path) -> None:
    mapping = tmp_path / "vp.toml"
    mapping.write_text(
        'source = "vp"\nkey = "code"\n[columns]\nname = "name"\nsize = "size"\n'
        'basePrice = "price"\nbarcode = "ean"\n[category]\nbelow = ["Dresses"]\n'
    )
    path = tmp_path / "vp.csv"
    path.write_text(
        "code,name,size,price,ean\n"
        "V1,Plus dress,S,50.00,4006381333931\n"
        "V1,Plus dress,3XL,65,\n"
    )
    run_import(path, "--mapping", mapping)
    product = Product.objects.get()
    variants = product.variants.order_by("position")
    assert list(variants.values_list("size", "base_price", "barcode")) == [
        ("S", None, "4006381333931"),
        ("3XL", Decimal("65.00"), ""),
    ]
    assert (product.price, product.price_max) == (
        Decimal("50.00"),
        Decimal("65.00"),
    )
    # what the file has no column for stays as staff have set it
    variants.update(weight_g=350)
    path.write_text(path.read_text().replace(",65,", ",70,"))
    assert "updated 1" in run_import(path, "--mapping", mapping)
    assert list(variants.values_list("base_price", "weight_g")) == [
        (None, 350),
        (Decimal("70.00"), 350),
    ]
    assert "unchanged 1" in run_import(path, "--mapping", mapping)
