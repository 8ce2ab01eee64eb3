"""Products as a CSV file in the admin: an export comes back unchanged, a bad file is
explained line by line.
"""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from markrin.csv_safety import escape_formula, unescape_formula
from products.csv_cells import join_values, split_values
from products.importing import importer
from products.importing.native_csv import COLUMNS, NativeFormat
from products.models import (
    Category,
    ImportFile,
    Product,
    ProductImage,
    StockLevel,
    Variant,
)
from products.schemas.images import LinkedImage, UploadedImage
from products.services import images
from tests import factories
from tests.admin.test_catalogue_product import picture

pytestmark = pytest.mark.django_db
WHOLE = pytest.mark.django_db(
    transaction=True
)  # where services must find no transaction around them
IMPORT = reverse("admin:products_product_import")
CONFIRM = reverse("admin:products_product_process_import")
EXPORT = reverse("admin:products_product_export")


@pytest.fixture
def keeper():
    return factories.make_user(role="staff", groups=("catalogue",))


@pytest.fixture
def client(keeper):
    signed_in = Client()
    signed_in.force_login(keeper)
    return signed_in


def exported(client, query=""):
    answer = client.get(EXPORT + query)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def upload(client, text, kind="0"):
    file = SimpleUploadedFile(
        "products.csv",
        text if isinstance(text, bytes) else text.encode(),
        "text/csv",
    )
    return client.post(
        IMPORT, {"resource": "0", "format": kind, "import_file": file}
    )


def confirm(client, page):
    form = page.context["confirm_form"]
    return client.post(
        CONFIRM, {name: form.initial.get(name, "") for name in form.fields}
    )


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def written(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def everything():
    found: list[object] = []
    for model in (Product, Variant, StockLevel, ProductImage, Category):
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if field.attname != "search"
        ]
        found += model.objects.order_by("pk").values_list(*names)
    return found


NEW = {
    "product": "N1",
    "name": "New",
    "category": "Men > Shirts",
    "basePrice": "10",
    "sku": "N1-M",
    "stock": "2",
}


@pytest.fixture
def odd_products():
    """Products with everything that a CSV could lose: signs, separators, quotes, lines,
    pictures, nothing on sale.
    """
    men = factories.make_category(name="Men > Boys")
    back = factories.make_category(name="T\\Shirts", parent=men)
    one = factories.make_product(
        name='=HYPERLINK("x")',
        category=back,
        brand="'-quoted",
        description='-first\nsecond, "third"\n\n- fourth',
        sale_price="999.99",
        tags=["a|b", "@home", "back\\slash", "c\\|d"],
        material="+",
        seo_title="'=x",
        is_featured=True,
    )
    factories.make_variant(
        product=one, sku="ODD-2", size="-L", color="=Red", stock=3, position=1
    )
    factories.make_variant(product=one, sku="ODD-1", size="M", color="", position=0)
    factories.make_variant(product=one, sku="OFF-1", is_active=False, position=2)
    factories.make_image(product=one, alt_text="front | back")
    factories.make_image(product=one, alt_text="")
    plain = factories.make_product(
        variants=2, source="own", source_ref="=REF-7", status="archived"
    )
    images.upload_image(UploadedImage(file=_decoded()), product_id=plain.pk)
    images.link_image(
        LinkedImage(url="https://img.example/x.jpg", alt_text="second only"),
        product_id=plain.pk,
    )
    elsewhere = factories.make_product(
        variants=1, source="shopify", source_ref="handle", source_hash="a" * 64
    )
    bare = factories.make_product(status="draft")
    return [one, plain, elsewhere, bare]


def _decoded():
    from markrin.api import images

    return images.decode_image(picture(), max_bytes=10_000, max_pixels=10_000)


def test_an_export_comes_back_unchanged(client, odd_products):
    text = exported(client)
    before = everything()
    page = upload(client, text)
    assert "0 new, 0 changed, 4 unchanged products" in page.content.decode(), (
        page.content.decode()[-4000:]
    )
    assert "There is nothing to import." in page.content.decode()
    report = importer.import_all_or_nothing(text.encode(), NativeFormat("own"))
    assert (report.created, report.updated, report.unchanged, report.rejected) == (
        0,
        0,
        4,
        0,
    )
    assert everything() == before
    assert exported(client) == text


def test_no_cell_of_an_export_can_run(client, odd_products):
    rows = rows_of(exported(client))
    cells = [cell for row in rows for cell in row.values() if cell]
    assert [cell for cell in cells if cell[0] in "=+-@\t\r"] == []
    assert rows[0]["product"]  # a reference stands in every line
    assert {'\'=HYPERLINK("x")', "'=REF-7", "'-L", "'+"} <= set(cells)


@WHOLE
def test_a_change_in_the_file_is_shown_and_made_and_nothing_else_is(
    client, keeper, odd_products
):
    one, _, elsewhere, _ = odd_products
    rows = rows_of(exported(client))
    for row in rows:
        if row["sku"] == "ODD-1":
            row["basePrice"] = "1500"
        if row["product"] == str(elsewhere.pk):
            row["name"] = "Renamed"
    page = upload(client, written(rows))
    shown = page.content.decode()
    assert "0 new, 2 changed, 2 unchanged" in shown
    assert "base price 1000.00 → 1500.00" in shown
    one.refresh_from_db()
    assert str(one.base_price) == "1000.00"

    assert confirm(client, page).status_code == 302
    one.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (str(one.base_price), elsewhere.name) == ("1500.00", "Renamed")
    assert (elsewhere.source, elsewhere.source_ref, elsewhere.source_hash) == (
        "shopify",
        "handle",
        "a" * 64,
    )
    assert list(
        one.images.order_by("position").values_list("alt_text", flat=True)
    ) == [
        "front | back",
        "",
    ]
    assert [
        level.on_hand for level in StockLevel.objects.filter(variant__sku="ODD-2")
    ] == [3]
    said = LogEntry.objects.get(object_id=str(one.pk))
    assert said.user == keeper
    assert said.change_message.endswith(": base price 1000.00 → 1500.00")
    assert not ImportFile.objects.exists()


def test_new_products_come_with_their_categories_and_stock(client):
    page = upload(
        client,
        written([NEW, {"product": "N1", "sku": "N1-L", "size": "L", "stock": "0"}]),
    )
    assert "1 new, 0 changed" in page.content.decode()
    assert "Men > Shirts" in page.content.decode()
    assert not Product.objects.exists()
    assert not Category.objects.exists()
    confirm(client, page)
    product = Product.objects.get(source_ref="N1")
    assert product.in_stock
    assert product.category.parent == Category.objects.get(name="Men")
    assert list(
        product.variants.order_by("position").values_list(
            "stock__on_hand", flat=True
        )
    ) == [2, 0]


def test_one_bad_line_and_nothing_of_the_file_is_imported(client):
    rows = [
        NEW,
        NEW | {"product": "N2", "sku": "N2 M", "basePrice": "ten"},
        NEW | {"product": "N3", "sku": "N1-M"},
    ]
    page = upload(client, written(rows))
    shown = page.content.decode()
    assert page.context.get("confirm_form") is None
    found = [
        (each.line, each.column)
        for each in page.context["result"].report.rejections
    ]
    assert found == [(3, "basePrice"), (3, "sku"), (4, "sku")]
    assert "Nothing is imported" in shown
    assert not Product.objects.exists()


@WHOLE
def test_what_comes_in_between_preview_and_import_stops_all_of_it(client):
    page = upload(
        client,
        written([NEW, NEW | {"product": "N2", "sku": "N2-M", "name": "Other"}]),
    )
    factories.make_variant(sku="N2-M")
    answer = confirm(client, page)
    assert answer.status_code == 409
    assert "Another variant has this SKU. N2-M" in answer.content.decode()
    assert not Product.objects.filter(source="own").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\n", "no header"),
        (b"a,b\n1,2\n", "is missing"),
        (
            b"product,name,category,basePrice,sku,weight\n",
            "there is no column weight",
        ),
        (
            b"product,name,category,basePrice,sku\nA,\xff,C,1,S\n",
            "line 2: this is not UTF-8",
        ),
        (b'product,name,category,basePrice,sku\nA,"x,C,1,S\n', "this is not CSV"),
        (b"\n" * 10_001, "at most"),
    ],
)
def test_what_is_no_such_file_is_explained(client, content, says):
    page = upload(client, content)
    assert page.status_code == 200
    assert says in page.content.decode()
    assert page.context.get("confirm_form") is None


def test_a_confirmation_of_a_file_that_is_gone_is_asked_for_again(client):
    page = upload(client, written([NEW]))
    ImportFile.objects.all().delete()
    assert confirm(client, page)["Location"] == IMPORT
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    "junk",
    [
        {"format": "7"},
        {"format": "x"},
        {"resource": "9"},
        {"import_file_name": "\0"},
        {},
    ],
)
def test_a_confirmation_that_nobody_was_shown_is_no_error_of_the_server(
    client, junk
):
    data = {
        "import_file_name": "nothing",
        "original_file_name": "x.csv",
        "format": "0",
        "resource": "0",
    }
    answer = client.post(CONFIRM, data | junk if junk else {})
    assert answer.status_code in (200, 302)
    assert client.get(CONFIRM).status_code == 405
    assert not Product.objects.exists()


def test_one_product_under_both_its_names_is_refused(client):
    product = factories.make_product(variants=1, source="own", source_ref="R1")
    rows = rows_of(exported(client))
    twice = [row | {"name": "A"} for row in rows] + [
        row | {"product": str(product.pk), "name": "B"} for row in rows
    ]
    page = upload(client, written(twice))
    assert [each.code for each in page.context["result"].report.rejections] == [
        "twice"
    ]


def test_a_picture_of_another_product_cannot_be_named(client):
    product = factories.make_product(variants=1)
    images.upload_image(UploadedImage(file=_decoded()), product_id=product.pk)
    [row] = rows_of(exported(client))
    page = upload(client, written([NEW | {"images": row["images"]}]))
    [said] = page.context["result"].report.rejections
    assert (said.column, said.code) == ("images", "image_unknown")


def test_a_file_without_texts_leaves_the_texts_of_pictures(client):
    product = factories.make_product(variants=1)
    factories.make_image(product=product, alt_text="A coat")
    [row] = rows_of(exported(client))
    del row["imageTexts"]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row))
    writer.writeheader()
    writer.writerow(row | {"brand": "New"})
    confirm(client, upload(client, out.getvalue()))
    product.refresh_from_db()
    assert (product.brand, product.images.get().alt_text) == ("New", "A coat")


def test_pictures_know_their_colour_out_and_in(client):
    product = factories.make_product(variants=1)
    for position, color in enumerate(("Red", "", "Blue")):
        factories.make_image(
            product=product,
            external_url=f"https://p.example/{position}.jpg",
            color=color,
            position=position,
        )
    [row] = rows_of(exported(client))
    assert row["imageColors"] == "Red||Blue"
    colors = product.images.order_by("position").values_list("color", flat=True)
    confirm(client, upload(client, written([row | {"imageColors": "Red|Green"}])))
    assert list(colors) == ["Red", "Green", ""]
    del row["imageColors"]
    confirm(client, upload(client, written([row | {"brand": "New"}])))
    assert list(colors) == ["Red", "Green", ""], (
        "a file without the column leaves them"
    )
    page = upload(client, written([row | {"imageColors": "a|b|c|d"}]))
    [said] = page.context["result"].report.rejections
    assert (said.column, said.message) == (
        "imageColors",
        "There are 4 colours for 3 images.",
    )


def test_the_export_takes_the_filter_the_search_and_the_selection(client):
    linen = factories.make_product(variants=1, name="Linen", is_featured=True)
    factories.make_product(variants=1, name="Wool", is_featured=True)
    factories.make_product(variants=1, name="Silk")
    assert {
        row["name"] for row in rows_of(exported(client, "?is_featured__exact=1"))
    } == {"Linen", "Wool"}
    assert {row["name"] for row in rows_of(exported(client, "?q=linen"))} == {
        "Linen"
    }
    chosen = client.post(
        reverse("admin:products_product_changelist"),
        {"action": "export_selected", "_selected_action": linen.pk},
    )
    assert [
        row["name"] for row in rows_of(b"".join(chosen.streaming_content).decode())
    ] == ["Linen"]


def test_an_export_takes_few_queries_for_many_products(client):
    category = factories.make_category()
    for _ in range(40):
        factories.make_product(variants=2, category=category)
    exported(client)
    with CaptureQueriesContext(connection) as queries:
        assert len(rows_of(exported(client))) == 80
    assert len(queries) <= 20


def test_who_may_not_change_products_cannot_import_them():
    for groups in ((), ("orders",), ("analytics",)):
        other = Client()
        other.force_login(factories.make_user(role="staff", groups=groups))
        assert other.get(IMPORT).status_code == 403
        assert upload(other, written([NEW])).status_code == 403
        assert other.post(CONFIRM, {}).status_code == 403
    assert not ImportFile.objects.exists()
    assert Client().get(EXPORT).status_code == 302


@pytest.mark.parametrize(
    "text", ["", "a", "=1", "'=1", "''=1", "'a", "-", "＝1", "\t=", "'", "''"]
)
def test_a_quoted_cell_is_read_as_it_was(text):
    assert unescape_formula(escape_formula(text)) == text
    assert escape_formula(text)[:1] not in tuple("=+-@\t\r＝")


@pytest.mark.parametrize(
    "parts",
    [
        ["a"],
        ["a|b", "c"],
        ["a\\", "b"],
        ["\\|", "|\\", "x"],
        ["", "b", ""],
        ["a\\b"],
    ],
)
def test_joined_parts_come_apart_as_they_were(parts):
    assert split_values(join_values(parts, "|"), "|") == parts
    assert split_values(join_values(parts, ">", around=" "), ">") == parts


def test_shopifys_export_is_previewed_with_what_is_not_taken_and_imported(client):
    text = (
        "Handle,Title,Type,Option1 Name,Option1 Value,Variant SKU,Variant Price,Published,"
        "Status,Lining\nold_coat,Coat,Coats,Title,Default Title,C 1,10,false,active,silk\n"
    )
    page = upload(client, text, kind="1")
    shown = page.content.decode()
    assert "1 new, 0 changed" in shown
    assert "The SKU C 1 is C-1 here." in shown
    assert "This column is not taken" in shown
    assert not Product.objects.exists()
    assert confirm(client, page).status_code == 302
    product = Product.objects.get(source="shopify")
    assert (product.slug, product.status) == ("old-coat", "draft")
    assert "1 unchanged" in upload(client, text, kind="1").content.decode()
