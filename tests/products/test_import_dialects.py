"""What other shops' files become: hidden stays hidden, nothing is lost without the report saying
so, and what a file does not say does not change.
"""

import csv
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from products.importing import conversions
from products.importing.conversions import CONTINENTAL, ENGLISH
from products.importing.exporter import export_csv
from products.models import ImportedValues, InventoryPolicy, Product, Variant
from products.services.stock import policies

pytestmark = pytest.mark.django_db
SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,"
    "Option2 Name,Option2 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Status,Lining\n"
)


def run(path: Path, *args: object) -> str:
    out = StringIO()
    call_command("import_products", str(path), *map(str, args), stdout=out)
    return out.getvalue()


def report_of(path: Path, *args: object) -> list[tuple[str, str, str]]:
    """Run the import; return product, column and kind of each line of its report."""
    report = path.with_suffix(".report.csv")
    run(path, "--report", report, *args)
    with report.open(newline="", encoding="utf-8") as file:
        return [
            (row["product"], row["column"], row["kind"])
            for row in csv.DictReader(file)
        ]


def path_of(product: Product) -> list[str]:
    """Return the names of the product's category, from the root down."""
    above = [product.category.parent] if product.category.parent else []
    return [category.name for category in [*above, product.category]]


@pytest.fixture
def file(tmp_path):
    """Write a file of this text, or these bytes."""

    def write(text: str | bytes, name: str = "in.csv") -> Path:
        path: Path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def shopify(handle: str, **values: str) -> str:
    cells = {
        "Title": handle.title(),
        "Type": "Things",
        "Published": "true",
        "Option1 Name": "Title",
        "Option1 Value": "Default Title",
        "Variant SKU": handle.upper(),
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": "3",
        "Variant Inventory Policy": "deny",
        "Variant Price": "10.00",
        "Status": "active",
    } | {name.replace("_", " "): text for name, text in values.items()}
    out = StringIO()
    names = SHOPIFY.strip().split(",")
    csv.writer(out).writerow(
        [handle if name == "Handle" else cells.get(name, "") for name in names]
    )
    return out.getvalue()


def test_shopifys_hidden_products_stay_hidden(file) -> None:
    path = file(
        SHOPIFY
        + shopify("seen")
        + shopify("unpublished", Published="false")
        + shopify("unlisted", Status="unlisted")
        + shopify("gone", Status="archived")
        + shopify("half", Status="draft")
    )
    found = report_of(path, "--format", "shopify")
    assert dict(Product.objects.values_list("source_ref", "status")) == {
        "seen": "published",
        "unpublished": "draft",
        "unlisted": "draft",
        "gone": "archived",
        "half": "draft",
    }
    assert ("unpublished", "Published", "converted") in found
    assert ("unlisted", "Status", "converted") in found


def read_policies() -> dict[str, tuple[str, int, bool]]:
    """Return by SKU what may be sold of it, its pieces, and whether its product can be bought."""
    rows = Variant.objects.values_list(
        "sku", "stock__inventory_policy", "stock__on_hand", "product__in_stock"
    )
    return {
        sku: (policy, on_hand, in_stock) for sku, policy, on_hand, in_stock in rows
    }


def test_shopifys_policy_and_tracker_are_taken_and_staffs_choice_stays(
    file,
) -> None:
    def text(policy: str = "continue") -> str:
        return (
            SHOPIFY
            + shopify("counted", Variant_Inventory_Qty="0")
            + shopify(
                "behind",
                Variant_Inventory_Qty="-2",
                Variant_Inventory_Policy=policy,
            )
            + shopify(
                "free", Variant_Inventory_Tracker="", Variant_Inventory_Qty="-9"
            )
        )

    found = report_of(file(text()), "--format", "shopify")
    expected = {
        "COUNTED": ("deny", 0, False),
        "BEHIND": ("continue", 0, True),
        "FREE": ("untracked", 0, True),
    }
    assert read_policies() == expected
    assert not [
        each for each in found if "Policy" in each[1] or "Tracker" in each[1]
    ]
    # What staff have changed stays, until Shopify says otherwise than it did.
    variant = Variant.objects.get(sku="COUNTED")
    with transaction.atomic():
        policies.set_policies({variant.pk: InventoryPolicy.CONTINUE}, actor_id=None)
    run(file(text()), "--format", "shopify")
    assert read_policies() == expected | {"COUNTED": ("continue", 0, True)}
    run(file(text("deny")), "--format", "shopify")
    assert read_policies()["BEHIND"] == ("deny", 0, False)


def test_woocommerces_back_orders_and_uncounted_goods_are_taken(file) -> None:
    path = file(
        "ID,Type,SKU,Name,Published,Regular price,Categories,In stock?,Stock,Backorders allowed?\n"
        "1,simple,COUNTED,A,1,10,Things,1,4,0\n"
        "2,simple,BEHIND,B,1,10,Things,0,0,notify\n"
        "3,simple,FREE,C,1,10,Things,1,,0\n"
        "4,simple,GONE,D,1,10,Things,0,,0\n"
        "5,simple,LATER,E,1,10,Things,backorder,,0\n"
    )
    run(path, "--format", "woocommerce")
    assert read_policies() == {
        "COUNTED": ("deny", 4, True),
        "BEHIND": ("continue", 0, True),
        "FREE": ("untracked", 0, True),
        "GONE": ("deny", 0, False),
        "LATER": ("continue", 0, True),
    }


def test_the_shops_own_csv_says_what_may_be_sold_and_gives_it_back(file) -> None:
    text = (
        "product,name,category,basePrice,sku,size,stock,inventoryPolicy\n"
        "p,P,Things,10.00,A,S,3,continue\np,,,,B,M,,untracked\np,,,,C,L,1,\n"
    )
    run(file(text))
    expected = {
        "A": ("continue", 3, True),
        "B": ("untracked", 0, True),
        "C": ("deny", 1, True),
    }
    assert read_policies() == expected
    product = Product.objects.get()
    exported = "".join(export_csv([product.pk]))
    assert [
        row["inventoryPolicy"] for row in csv.DictReader(StringIO(exported))
    ] == [*("continue", "untracked", "deny")]
    run(file(exported, "again.csv"))
    assert read_policies() == expected
    other = "product,name,category,basePrice,sku,stock,inventoryPolicy\n"
    path = file(f"{other}q,Q,Things,10.00,D,2,untracked\n")
    assert report_of(path) == [("q", "stock", "refused")]


def test_shopifys_words_options_and_bodies_are_understood(file) -> None:
    path = file(
        SHOPIFY
        + shopify("both", Tags="women, men")
        + shopify(
            "deutsch",
            **{
                "Option1 Name": "Farbe",
                "Option1 Value": "Rot",
                "Option2 Name": "Größe",
                "Option2 Value": "M",
            },
        )
        + shopify("spaced", **{"Variant SKU": "CD 9+1", "Lining": "silk"})
        + shopify("foo_bar", Type="", **{"Image Src": "http://cdn.example/a.jpg"})
        + shopify(
            "body",
            **{
                "Body (HTML)": "<style>p{color:red}</style><p>Wool&nbsp;&amp; silk</p>"
                "<table><tr><td>Chest</td><td>90</td></tr></table><script>x()</script>"
            },
        )
        + shopify(
            "kids",
            **{"Option1 Name": "Size", "Option1 Value": "EU 39 / UK 6 / US 8.5"},
        )
    )
    found = report_of(path, "--format", "shopify")
    of = Product.objects.in_bulk(field_name="slug")
    assert of["both"].gender == "unisex"
    assert of["body"].description == "Wool & silk\nChest | 90"
    assert of["foo-bar"].category.name == "Imported"
    assert of["foo-bar"].images.get().external_url == "https://cdn.example/a.jpg"
    [german] = of["deutsch"].variants.all()
    assert (german.size, german.color) == ("M", "Rot")
    assert of["spaced"].variants.get().sku == "CD-9-1"
    assert of["kids"].variants.get().size == "EU 39 / UK 6 / US 8."
    assert {
        ("", "Lining", "ignored"),
        ("spaced", "Variant SKU", "converted"),
        ("foo_bar", "Handle", "converted"),
        ("foo_bar", "Image Src", "converted"),
        ("kids", "Option1 Value", "trimmed"),
    } <= set(found)
    with pytest.raises(CommandError, match="left out"):
        run(path, "--format", "shopify", "--source", "again", "--strict")


def test_shopifys_new_headers_are_the_old_ones(file) -> None:
    path = file(
        "Title,URL handle,Description,Vendor,Product category,Type,Tags,"
        "Published on online store,Status,SKU,Option1 name,Option1 value,Price,"
        "Compare-at price,Inventory tracker,Inventory quantity,"
        "Continue selling when out of stock,Weight value (grams),Product image URL,Gift card\n"
        "Shirt,new-shirt,<p>Nice</p>,Acme,Apparel > Shirts,,men,TRUE,active,N-1,Size,S,25,"
        "30,shopify,4,DENY,250,https://img.example/1.jpg,FALSE\n"
        "Hidden,new-hidden,,Acme,Apparel > Shirts,,,FALSE,active,N-2,Title,Default Title,"
        "x,,shopify,4,DENY,,,FALSE\n"
        "Quiet,new-quiet,,Acme,,,,FALSE,active,N-3,Title,Default Title,"
        "9,,shopify,4,DENY,,,FALSE\n"
    )
    found = report_of(path, "--format", "shopify")
    assert ("new-hidden", "Price", "refused") in found
    shirt = Product.objects.get(slug="new-shirt")
    assert (shirt.base_price, shirt.sale_price, shirt.gender) == (
        Decimal(30),
        Decimal(25),
        "men",
    )
    assert path_of(shirt) == ["Apparel", "Shirts"]
    variant = shirt.variants.get()
    assert (variant.size, variant.weight_g, variant.stock.on_hand) == ("S", 250, 4)
    assert Product.objects.get(slug="new-quiet").status == "draft"


def test_a_file_without_quantities_says_so(file) -> None:
    header = SHOPIFY.replace("Variant Inventory Qty,", "")
    row = shopify("bag").replace(",3,deny", ",deny")
    assert ("", "stock", "ignored") in report_of(
        file(header + row), "--format", "shopify"
    )


WOO = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,Short description,Description,"
    "Date sale price starts,Date sale price ends,Tax class,In stock?,Stock,Backorders allowed?,"
    "Weight (kg),Sale price,Regular price,Categories,Tags,Images,Parent,Position,"
    "Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)\n"
)


def test_woocommerces_parents_and_variations_are_products(file) -> None:
    path = file(
        WOO
        + "12,variation,,Tee - Blue,1,0,visible,,,,,,1,7,0,0.2,,20,,,,id:10,2,Color,Blue,Size,L\n"
        + '10,variable,,Tee,1,1,visible,<b>Soft</b>,<p>Cotton</p>,,,,1,,0,,,,"Men > Tees, Sale",'
        '"a, b","https://i.example/1.jpg, https://i.example/2.jpg",,0,Color,"Blue, Red",Size,L\n'
        + "11,variation,T-R,Tee - Red,1,0,visible,,,2026-12-01,2026-12-24,,1,-1,0,,18,22,,,"
        "https://i.example/3.jpg,id:10,1,Color,Red,Size,M\n"
        + "13,simple,B 1,Belt,-1,0,visible,,Leather,,,,1,parentless,0,1.5,,30,Belts,,,,0,,,,\n"
        + "14,simple,B2,Cap,1,0,hidden,,,,,reduced,1,,0,,,9,Caps,,,,0,,,,\n"
        + "15,grouped,G,Set,1,0,visible,,,,,,1,,0,,,,Sets,,,,0,,,,\n"
        + "16,variation,LOST,Lost,1,0,visible,,,,,,1,1,0,,,5,,,,id:99,1,Size,M,,\n"
    )
    found = report_of(path, "--format", "woocommerce")
    tee = Product.objects.get(source_ref="id:10")
    assert (tee.name, tee.description) == ("Tee", "Soft\n\nCotton")
    assert path_of(tee) == ["Men", "Tees"]
    assert [category.name for category in tee.also_in.all()] == ["Sale"]
    assert (tee.base_price, tee.sale_price, tee.tags) == (
        Decimal(22),
        Decimal(18),
        ["a", "b"],
    )
    assert str(tee.sale_ends_at)[:10] in ("2026-12-24", "2026-12-25")
    assert [image.external_url[-5:] for image in tee.images.all()] == [
        "1.jpg",
        "2.jpg",
        "3.jpg",
    ]
    rows = tee.variants.order_by("position").values_list(
        "sku",
        "size",
        "color",
        "base_price",
        "sale_price",
        "weight_g",
        "stock__on_hand",
    )
    assert list(rows) == [
        ("T-R", "M", "Red", None, None, None, 0),
        ("ID-10-BLUE-L", "L", "Blue", Decimal(20), None, 200, 7),
    ]
    assert Product.objects.get(source_ref="B2").status == "draft", (
        "hidden stays hidden"
    )
    assert {
        ("B 1", "Stock", "refused"),
        ("G", "Type", "refused"),
        ("id:99", "Parent", "refused"),
        ("", "Tax class", "ignored"),
    } <= set(found)
    before = Product.objects.count()
    assert "updated 0, unchanged 2" in run(path, "--format", "woocommerce")
    assert Product.objects.count() == before


MAPPING = r"""
source = "nl"
key = "code"
delimiter = "SIGN"
decimal = ","
html = ["description"]
encoding = "ENCODING"
[columns]
name = "titel"
description = "tekst"
basePrice = "prijs"
tags = "labels"
images = "foto"
size = "maat"
stock = "voorraad"
seoTitle = "kop"
[split]
tags = ","
images = ","
[category]
columns = ["groep"]
separator = ">"
"""
DUTCH = [
    ["code", "titel", "tekst", "prijs", "labels", "groep", "foto", "maat", "voorraad", "kop"],
    ["A1", "Jurk", "<p>Mooi &amp; zacht</p>", "1.049,95", "zomer, rood, zomer",
     "Dames > Jurken", "https://x.example/1.jpg, https://x.example/2.jpg", "38", "1.000", "SEO"],
    ["A2", "Sok", "", "€ 4,5", "", "Dames > Sokken", "", "", "3,0", ""],
    ["A3", "Rok", "", "49.950000", "", "Dames > Rokken", "", "", "-2", ""],
    ["A4", "Muts", "", "gratis", "", "Dames > Mutsen", "", "", "1", ""],
]  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "encoding"), [("tab", "utf-16"), (";", "cp1252"), ("|", "utf-8")]
)
def test_a_mapping_reads_tabs_encodings_and_decimal_commas(
    file, sign: str, encoding: str
) -> None:
    between = "\t" if sign == "tab" else sign
    out = StringIO()
    csv.writer(out, delimiter=between).writerows(DUTCH)
    path = file(out.getvalue().encode(encoding))
    text = MAPPING.replace("SIGN", sign).replace("ENCODING", encoding)
    found = report_of(path, "--mapping", file(text, "m.toml"))
    dress = Product.objects.get(source_ref="A1")
    assert (dress.base_price, dress.description) == (
        Decimal("1049.95"),
        "Mooi & zacht",
    )
    assert (dress.tags, dress.seo_title) == (["zomer", "rood"], "SEO")
    assert path_of(dress) == ["Dames", "Jurken"]
    assert dress.images.count() == 2
    assert dict(
        Variant.objects.values_list("product__source_ref", "stock__on_hand")
    ) == {"A1": 1000, "A2": 3, "A3": 0}
    assert Product.objects.get(source_ref="A2").base_price == Decimal("4.50")
    assert Product.objects.get(source_ref="A3").base_price == Decimal("49.95")
    assert ("A4", "prijs", "refused") in found


def test_a_mapping_says_what_it_may_have_misread(file) -> None:
    path = file(
        "code,titel,tekst,prijs,stuks\nA1,Jas,<p>Mooi</p>,1.000,1.000\nA2,Trui,Mooi,49.950,3\n"
    )
    mapping = """
        source = "nl"
        key = "code"
        [columns]
        name = "titel"
        description = "tekst"
        basePrice = "prijs"
        stock = "stuks"
        [category]
        below = ["Dames"]
    """
    found = report_of(path, "--mapping", file(mapping, "m.toml"))
    kinds = sorted((ref, column, kind) for ref, column, kind in found if column)
    assert kinds == [
        ("A1", "prijs", "converted"),
        ("A1", "stuks", "converted"),
        ("A1", "tekst", "ignored"),
        ("A2", "prijs", "converted"),
    ]


def test_guess_writes_a_mapping_that_imports_the_file(file, tmp_path) -> None:
    out = StringIO()
    csv.writer(out, delimiter=";").writerows(DUTCH[:3])
    path, guessed = file(out.getvalue().encode("cp1252")), tmp_path / "guess.toml"
    said = run(path, "--guess", guessed)
    assert "Not taken: tekst, kop" in said
    assert not Product.objects.exists()
    assert "created 2" in run(path, "--mapping", guessed)
    dress = Product.objects.get(source_ref="A1")
    assert (dress.base_price, path_of(dress)[0]) == (Decimal("1049.95"), "Dames")
    with pytest.raises(CommandError, match="File exists"):
        run(path, "--guess", guessed)


@pytest.mark.parametrize(
    ("text", "numbers", "amount"),
    [
        ("49.95", ENGLISH, "49.95"),
        ("1,049.95", ENGLISH, "1049.95"),
        ("49.950000", ENGLISH, "49.95"),
        ("49,95", ENGLISH, "49,95"),
        ("Rs. 1,299", ENGLISH, "1299.00"),
        ("49,95", CONTINENTAL, "49.95"),
        ("49.95", CONTINENTAL, "49.95"),
        ("1.049", CONTINENTAL, "1049.00"),
        ("1'049,5", CONTINENTAL, "1049.50"),
        ("1 049,95 €", CONTINENTAL, "1049.95"),
        ("12.0000", ENGLISH, "12.00"),
        ("-5", ENGLISH, "-5"),
        ("", ENGLISH, ""),
        ("free", ENGLISH, "free"),
        ("1.2.3", ENGLISH, "1.2.3"),
    ],
)
def test_amounts_are_read_as_the_file_writes_them(text, numbers, amount) -> None:
    assert conversions.convert_amount(text, numbers) == amount


OWN = "product,name,category,basePrice,salePrice,sku,size,color,stock,description,tags,status"
COAT = (
    f"{OWN}\nP1,Coat,Women > Coats,100,80,C-S,S,Red,5,Long text,a|b,draft\n"
    "P1,,,,,C-M,M,Red,4,,,\n"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\ufeff", ""),
        ("sep=;\n", ";"),
        ("", "\t"),
    ],
)
def test_a_spreadsheets_ways_are_read(file, before: str, after: str) -> None:
    text = COAT.replace("\n", ",,\n").replace("P1,,", "\n,,,,,,,,,,,\nP1,,")
    if after:
        text = text.replace(",", after)
    path = file(before + text.replace("\n", "\r\n"))
    assert "created 1" in run(path)
    assert Product.objects.get().variants.count() == 2


def test_a_partial_file_changes_only_its_columns(file) -> None:
    run(file(COAT))
    before = Product.objects.values().get()
    out = run(file("product,basePrice\nP1,110\n"))
    assert "updated 1" in out
    after = Product.objects.values().get()
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {
        "base_price",
        "updated_at",
        "source_hash",
        "priced_at",
        "lowest_prior_price",
    }
    assert Variant.objects.filter(is_active=True).count() == 2
    assert Product.objects.get().status == "draft"


def test_what_staff_have_edited_stays(file) -> None:
    run(file(COAT))
    product = Product.objects.get()
    Product.objects.update(name="Staff's coat", description="Better", tags=["own"])
    changed = COAT.replace("Long text", "New text").replace("100,80", "120,80")
    found = report_of(file(changed))
    product.refresh_from_db()
    assert (product.name, product.description, product.tags) == (
        "Staff's coat",
        "Better",
        ["own"],
    )
    assert product.base_price == 120
    assert ("P1", "description", "kept") in found
    assert ("P1", "name", "kept") not in found, "the source says what it said"
    assert ("P1", "description", "kept") in report_of(file(changed)), (
        "said again each time"
    )
    run(file(changed), "--theirs")
    product.refresh_from_db()
    assert (product.name, product.description) == ("Staff's coat", "New text")


def test_an_empty_cell_empties_unless_staff_have_changed_it(file) -> None:
    run(file(COAT))
    emptied = (
        COAT.replace("Long text", "").replace("a|b", "").replace("100,80", "100,")
    )
    Product.objects.update(tags=["own"])
    run(file(emptied))
    product = Product.objects.get()
    assert (product.description, product.sale_price, product.tags) == (
        "",
        None,
        ["own"],
    )


def test_what_staff_have_deleted_stays_deleted_and_partial_keeps_variants(
    file,
) -> None:
    run(file(COAT))
    product = Product.objects.get()
    off = product.variants.get(sku="C-M")
    off.is_active = False
    off.save()
    renamed = COAT.replace("P1,Coat", "P1,Coats")
    run(file(renamed))
    off.refresh_from_db()
    assert (Product.objects.get().name, off.is_active) == ("Coats", False)
    only_new = (
        f"{OWN}\nP1,Coats,Women > Coats,100,80,C-L,L,Red,1,Long text,a|b,draft\n"
    )
    run(file(only_new), "--partial")
    on_sale = product.variants.filter(is_active=True)
    assert set(on_sale.values_list("sku", flat=True)) == {"C-S", "C-L"}
    run(file(only_new.replace("P1,Coats", "P1,Coatss")))
    assert set(on_sale.values_list("sku", flat=True)) == {"C-L"}
    run(file(COAT))
    assert set(on_sale.values_list("sku", flat=True)) == {"C-S", "C-M"}, (
        "what a file had left out comes back with it"
    )


def test_a_variants_own_edit_stays(file) -> None:
    own = OWN.replace("stock", "stock,weightG")
    text = (
        f"{own}\nP1,Coat,Women > Coats,100,80,C-S,S,Red,5,200,Long text,a|b,draft\n"
    )
    run(file(text))
    Variant.objects.update(weight_g=250, color="Crimson")
    found = report_of(
        file(text.replace(",200,", ",300,").replace(",S,Red", ",XS,Red"))
    )
    variant = Variant.objects.get()
    assert (variant.size, variant.color, variant.weight_g) == ("XS", "Crimson", 250)
    assert ("P1", "weightG", "kept") in found


def test_what_an_import_remembers_is_what_the_file_said(file) -> None:
    run(file(COAT))
    remembered = ImportedValues.objects.get()
    assert remembered.source == "own"
    assert remembered.values["description"] == "Long text"
    assert list(remembered.values["variants"]) == ["C-M", "C-S"]
    assert "brand" not in remembered.values, "an absent column says nothing"


def test_a_dry_run_remembers_nothing(file) -> None:
    run(file(COAT), "--dry-run")
    assert not ImportedValues.objects.exists()
