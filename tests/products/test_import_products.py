"""`manage.py import_products`: what it takes, what it refuses and says why, and that a
second run changes nothing.
"""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError

from markrin.db import advisory_locks
from products.importing import batch_writer, conflicts, exporter, validation
from products.importing.drafts import Draft
from products.importing.schemas import product_schema
from products.models import (
    Category,
    FormerSlug,
    Product,
    ProductImage,
    SearchWord,
    StockMovement,
    Variant,
)
from tests.factories import make_category, make_product, make_variant
from tests.products.import_files import (
    list_imported_rows,
    list_rejected,
    run_import,
    write,
)

__all__ = ["write"]

SHIRT = {
    "product": "S1",
    "name": "Linen Shirt",
    "category": "Men > Shirts",
    "basePrice": "1499",
    "sku": "S1-M",
    "size": "M",
    "color": "Blue",
    "stock": "3",
}


@pytest.mark.django_db
def test_imports_a_product_with_its_variants(write) -> None:
    more = {
        "description": "Cool.\nVery.",
        "brand": "Nilgiri",
        "gender": "men",
        "salePrice": "999.5",
        "tags": "a | b",
        "isFeatured": "true",
        "images": "https://a.example.com/1.jpg|https://a.example.com/2.jpg",
        "seoTitle": "A shirt",
    }
    second = {
        "product": "S1",
        "sku": "S1-L",
        "size": "L",
        "color": "Blue",
        "stock": "0",
    }
    out = run_import(write({**SHIRT, **more}, second))
    assert (
        "created 1, updated 0, unchanged 0, rejected 0 of 1 products (2 variants)"
        in out
    )
    product = Product.objects.get()
    assert (product.name, product.slug, product.brand) == (
        "Linen Shirt",
        "linen-shirt",
        "Nilgiri",
    )
    assert (product.base_price, product.price) == (
        Decimal("1499.00"),
        Decimal("999.50"),
    )
    assert (product.tags, product.is_featured, product.status) == (
        ["a", "b"],
        True,
        "published",
    )
    assert (product.seo_title, product.description, product.gender) == (
        "A shirt",
        "Cool.\nVery.",
        "men",
    )
    assert product.in_stock
    assert (product.colors, product.sizes) == (["Blue"], ["L", "M"])
    assert (product.stocked_colors, product.stocked_sizes) == (["Blue"], ["M"])
    assert [
        category.name for category in Category.objects.order_by("ancestors")
    ] == [
        "Men",
        "Shirts",
    ]
    assert product.category.slug == "men-shirts"
    assert list(
        product.variants.values_list("sku", "stock__on_hand", "position")
    ) == [
        ("S1-M", 3, 0),
        ("S1-L", 0, 1),
    ]
    assert [m.d_on_hand for m in StockMovement.objects.order_by("id")] == [3, 0]
    assert [image.external_url[-5:] for image in product.images.all()] == [
        "1.jpg",
        "2.jpg",
    ]
    assert SearchWord.objects.filter(word="linen").exists()


@pytest.mark.django_db
def test_a_second_run_changes_nothing_and_says_so(write) -> None:
    path = write(SHIRT, {**SHIRT, "product": "S2", "sku": "S2-M"})
    run_import(path)
    before = list_imported_rows()
    assert "Nothing has changed: created 0, updated 0, unchanged 2" in run_import(
        path
    )
    assert list_imported_rows() == before


@pytest.mark.django_db
def test_a_changed_product_is_changed_in_place(write) -> None:
    run_import(
        write(
            SHIRT,
            {
                "product": "S1",
                "sku": "S1-L",
                "size": "L",
                "color": "Blue",
                "stock": "2",
            },
        )
    )
    product, kept = Product.objects.get(), Variant.objects.get(sku="S1-M")
    changed = {
        **SHIRT,
        "name": "Silk Shirt",
        "basePrice": "1999",
        "stock": "99",
        "category": "Men > Silk",
    }
    new = {
        "product": "S1",
        "sku": "S1-XL",
        "size": "XL",
        "color": "Blue",
        "stock": "4",
    }
    assert "updated 1" in run_import(write(changed, new))
    product.refresh_from_db()
    assert (product.name, product.slug, product.base_price) == (
        "Silk Shirt",
        "linen-shirt",
        Decimal("1999.00"),
    )
    assert product.category.name == "Silk"
    active = product.variants.filter(is_active=True).values_list(
        "pk", "sku", "stock__on_hand"
    )
    assert list(active.order_by("position")) == [
        (kept.pk, "S1-M", 3),  # stock only moves
        (Variant.objects.get(sku="S1-XL").pk, "S1-XL", 4),
    ]
    assert not Variant.objects.get(sku="S1-L").is_active
    assert (product.stocked_colors, product.stocked_sizes) == (
        ["Blue"],
        ["M", "XL"],
    )


@pytest.mark.django_db
def test_another_slug_leaves_the_old_one_leading_on(write) -> None:
    run_import(write({**SHIRT, "slug": "old"}))
    run_import(write({**SHIRT, "slug": "new"}))
    assert Product.objects.get().slug == "new"
    assert FormerSlug.objects.get().slug == "old"


@pytest.mark.django_db
def test_images_are_replaced_only_if_the_file_names_any(write) -> None:
    run_import(write({**SHIRT, "images": "https://a.example.com/1.jpg"}))
    run_import(write({**SHIRT, "name": "Other"}))
    assert ProductImage.objects.get().external_url == "https://a.example.com/1.jpg"
    run_import(write({**SHIRT, "images": "https://a.example.com/2.jpg"}))
    assert ProductImage.objects.get().external_url == "https://a.example.com/2.jpg"


@pytest.mark.django_db
def test_the_same_name_gets_different_slugs(write) -> None:
    make_product(slug="linen-shirt")
    rows = [{**SHIRT, "product": f"S{n}", "sku": f"S{n}"} for n in range(3)]
    run_import(
        write(*rows, {**SHIRT, "product": "F", "sku": "F", "name": "Featured"})
    )
    found = (
        Product.objects.exclude(source="")
        .order_by("source_ref")
        .values_list("slug", flat=True)
    )
    assert list(found) == [
        "featured-f",
        "linen-shirt-s0",
        "linen-shirt-s1",
        "linen-shirt-s2",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 201}, "name", "too_long"),
        ({"name": "a\u202eb"}, "name", "characters"),
        ({"basePrice": "-1"}, "basePrice", "format"),
        ({"basePrice": "12,50"}, "basePrice", "format"),
        ({"basePrice": "1.999"}, "basePrice", "format"),
        ({"basePrice": "1e3"}, "basePrice", "format"),
        ({"basePrice": "999999999"}, "basePrice", "format"),
        ({"salePrice": "1499"}, "salePrice", "range"),
        ({"category": ""}, "category", "required"),
        ({"category": "Men > > Shirts"}, "category", "too_short"),
        ({"gender": "male"}, "gender", "choice"),
        ({"status": "live"}, "status", "choice"),
        ({"isFeatured": "yes"}, "isFeatured", "type"),
        ({"tags": "|".join(map(str, range(21)))}, "tags", "count"),
        ({"tags": "a|a"}, "tags", "unique"),
        ({"images": "http://a.example.com/1.jpg"}, "images", "format"),
        ({"images": "/media/products/1.jpg"}, "images", "image_unknown"),
        ({"slug": "No Slug"}, "slug", "format"),
        ({"seoTitle": "x" * 121}, "seoTitle", "too_long"),
        ({"sku": ""}, "sku", "required"),
        ({"sku": "has space"}, "sku", "format"),
        ({"stock": "-1"}, "stock", "type"),
        ({"stock": "1.5"}, "stock", "type"),
        ({"stock": "1000001"}, "stock", "range"),
        ({"size": "x" * 21}, "size", "too_long"),
        ({"product": ""}, "product", "required"),
        ({"product": "x" * 121}, "product", "too_long"),
    ],
)
def test_a_bad_value_leaves_the_product_out(
    write, change: dict[str, str], column: str, reason: str
) -> None:
    good = {**SHIRT, "product": "GOOD", "sku": "GOOD"}
    found = list_rejected(write({**SHIRT, **change}, good))
    ref = change.get("product", "S1")[:120]
    if column == "stock" and change["stock"] == "-1":
        reason = "range"
    assert found[0] == ("2", ref, column, reason)
    assert list(Product.objects.values_list("source_ref", flat=True)) == ["GOOD"]
    assert not Variant.objects.exclude(sku="GOOD").exists()


@pytest.mark.django_db
def test_a_product_is_whole_or_not_there(write) -> None:
    bad = {"product": "S1", "sku": "S1-L", "size": "L", "stock": "many"}
    assert list_rejected(write(SHIRT, bad)) == [("3", "S1", "stock", "type")]
    assert not Product.objects.exists()
    assert not Variant.objects.exists()
    assert not Category.objects.exists()


@pytest.mark.django_db
def test_lines_of_a_product_are_found_wherever_they_stand(write) -> None:
    found = list_rejected(
        write(
            {**SHIRT, "product": "A", "sku": "A"},
            {"product": "B", "sku": "B-S", "size": "S"},
            {**SHIRT, "product": "A", "sku": "A2", "size": "L"},
            {**SHIRT, "product": "C", "sku": "C"},
            {**SHIRT, "product": "B", "sku": "B"},
            {**SHIRT, "product": "C", "sku": "C2", "size": "L", "name": "Other"},
            {**SHIRT, "product": "D", "sku": "D"},
            {**SHIRT, "product": "D", "sku": "D2"},
            {**SHIRT, "product": "E", "sku": "E"},
            {**SHIRT, "product": "E", "sku": "E", "size": "L"},
        )
    )
    assert found == [
        ("7", "C", "name", "differs"),
        ("9", "D", "size", "unique"),
        ("11", "E", "sku", "unique"),
    ]
    skus = Variant.objects.filter(product__source_ref="A").order_by("position")
    assert list(skus.values_list("sku", flat=True)) == ["A", "A2"]
    assert Product.objects.get(source_ref="B").variants.count() == 2
    assert set(Product.objects.values_list("source_ref", flat=True)) == {"A", "B"}


@pytest.mark.django_db
def test_another_products_sku_or_slug_is_not_taken(write) -> None:
    make_variant(sku="TAKEN")
    make_product(slug="taken")
    found = list_rejected(
        write(
            {**SHIRT, "product": "A", "sku": "TAKEN"},
            {**SHIRT, "product": "B", "slug": "taken"},
            {**SHIRT, "product": "C", "slug": "new-arrivals", "sku": "C"},
            {**SHIRT, "product": "D", "sku": "D"},
            {**SHIRT, "product": "E", "sku": "D"},
        )
    )
    assert found == [
        ("2", "A", "sku", "sku_taken"),
        ("3", "B", "slug", "slug_taken"),
        ("4", "C", "slug", "slug_taken"),
        ("6", "E", "sku", "sku_taken"),
    ]
    assert list(
        Product.objects.exclude(source="").values_list("source_ref", flat=True)
    ) == ["D"]


@pytest.mark.django_db
def test_what_only_the_database_refuses_takes_no_other_down(
    write, monkeypatch
) -> None:
    monkeypatch.setattr(
        conflicts.Conflicts, "find", lambda *_: []
    )  # as if another had taken the SKU meanwhile
    make_variant(sku="TAKEN")
    rows = [{**SHIRT, "product": f"P{n}", "sku": f"P{n}"} for n in range(5)]
    rows[2]["sku"] = "TAKEN"
    assert list_rejected(write(*rows)) == [("4", "P2", "", "sku_taken")]
    assert Product.objects.exclude(source="").count() == 4


@pytest.mark.django_db
def test_a_dry_run_says_the_same_and_changes_nothing(write) -> None:
    path = write(
        SHIRT,
        {**SHIRT, "product": "S2", "sku": "S1-M"},
        {**SHIRT, "product": "S3", "sku": "S3", "name": ""},
    )
    before = list_imported_rows()
    # A batch for each product: the SKU's first owner has been rolled back when the second comes.
    tried = run_import(path, "--dry-run", "--batch", 1)
    assert "Would be: created 1, updated 0, unchanged 0, rejected 2 of 3" in tried
    assert list_imported_rows() == before
    assert "created 1, updated 0, unchanged 0, rejected 2 of 3" in run_import(
        path, "--batch", 1
    )


@pytest.mark.django_db
def test_goes_on_where_it_was_interrupted(write, monkeypatch) -> None:
    path = write(*({**SHIRT, "product": f"P{n}", "sku": f"P{n}"} for n in range(6)))
    write_batch, calls = batch_writer.BatchWriter.write, []

    def dies_at_the_third(self, drafts):
        calls.append(len(drafts))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return write_batch(self, drafts)

    with monkeypatch.context() as patch:
        patch.setattr(batch_writer.BatchWriter, "write", dies_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            run_import(path, "--batch", 2)
    assert Product.objects.count() == 4
    words = set(SearchWord.objects.values_list("word", flat=True))
    assert "linen" in words, (
        "what is written can be searched, though the run was killed"
    )
    assert "created 2, updated 0, unchanged 4" in run_import(path, "--batch", 2)
    assert Product.objects.count() == 6


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: the file has no header"),
        (b"\n", "line 1: the file has no header"),
        (b"name,category\n", "line 1: the column product is missing"),
        (b"product,name,name\n", "line 1: there are two columns name"),
        (b"product,,name\n", "line 1: column 2 has no name"),
        (
            b"product,name,category,basePrice,sku,colour\n",
            "line 1: there is no column colour",
        ),
        (
            b"product,name,category,basePrice,sku\nA,a,b,1,c\n\xe9,a,b,1,c\n",
            "line 3: this is not UTF-8",
        ),
        (
            b'product,name,category,basePrice,sku\nA,"a"b,b,1,c\n',
            "line 2: this is not CSV",
        ),
        (b'product,name,category,basePrice,sku\nA,"a\n', "this is not CSV"),
        (
            "product,name\n".encode("utf-16") + b"\x00",
            "this is not utf-16",
        ),
    ],
)
def test_refuses_what_is_no_such_file(tmp_path, content: bytes, says: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        run_import(path)


@pytest.mark.django_db
def test_refuses_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(CommandError, match=r"none\.csv: No such file"):
        run_import(tmp_path / "none.csv")


@pytest.mark.django_db
def test_a_line_of_another_shape_is_refused_alone(tmp_path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "product,name,category,basePrice,sku\nA,a,b,1,c,more\nB,b,b,1,B\n\nC,c,b,1\n",
        "utf-8-sig",
    )
    assert list_rejected(path) == [
        ("2", "A", "", "fields"),
        ("5", "C", "", "fields"),
    ]
    assert Product.objects.get().source_ref == "B"


@pytest.mark.django_db
def test_strict_fails_for_a_rejected_product(write) -> None:
    with pytest.raises(CommandError, match="1 products were left out"):
        run_import(
            write({**SHIRT, "name": ""}, {**SHIRT, "product": "S2"}), "--strict"
        )
    assert Product.objects.count() == 1


@pytest.mark.django_db
def test_the_report_cannot_run_as_a_formula(write) -> None:
    assert (
        list_rejected(write({**SHIRT, "product": "=cmd()", "name": ""}))[0][1]
        == "'=cmd()"
    )


@pytest.mark.django_db
def test_one_import_of_a_source_at_a_time(write) -> None:
    with advisory_locks.advisory_lock("import:own"):
        with pytest.raises(CommandError, match="running already"):
            run_import(write(SHIRT))
        assert "created 1" in run_import(write(SHIRT), "--source", "other")


@pytest.mark.django_db
def test_takes_few_statements_for_many_products(
    write, django_assert_max_num_queries
) -> None:
    path = write(
        *({**SHIRT, "product": f"P{n}", "sku": f"P{n}"} for n in range(300))
    )
    with django_assert_max_num_queries(40):
        run_import(path)
    assert Product.objects.count() == 300


@pytest.mark.django_db
def test_an_existing_category_is_used(write) -> None:
    men = make_category(name="Men", slug="gents")
    run_import(write(SHIRT))
    assert Category.objects.get(name="Shirts").parent == men


def test_the_quick_reader_reads_as_the_schema_does() -> None:
    rows: list[dict[str, Any]] = [
        {
            "name": " Linen  Shirt ",
            "category": ["Men"],
            "basePrice": "10.00",
            "variants": [{"sku": "A"}],
        },
        {
            "name": "e\u0301",
            "category": ["Men", "Men"],
            "basePrice": "10.00",
            "salePrice": "9.00",
            "tags": ["x", "y"],
            "isFeatured": "true",
            "gender": "men",
            "description": "a\r\nb",
            "seoTitle": "t",
            "images": [{"url": "https://a.example.com/x"}],
            "variants": [
                {"sku": "A", "size": "M", "stock": "7"},
                {"sku": "B", "size": "L"},
            ],
        },
    ]
    for data in rows * 2:
        draft = Draft("x", 1, data, [1, 2])
        assert validation.validate_draft(draft) == []
        assert draft.product == product_schema.load(data)
    wrong: list[dict[str, Any]] = [
        {"nope": "1"},
        {**rows[0], "nope": "1"},
        {**rows[0], "variants": [{}]},
        {**rows[0], "name": 5},
    ]
    for data in wrong:
        assert validation.validate_draft(Draft("x", 1, data, [1]))


@pytest.mark.django_db
def test_the_shops_own_file_carries_what_a_variant_has(tmp_path) -> None:
    product = make_product(
        base_price="50.00",
        sale_price="45.00",
        sale_starts_at="2026-11-27T12:00:00Z",
        sale_ends_at="2026-11-30T12:00:00Z",
    )
    make_variant(product=product, sku="A", size="S")
    make_variant(
        product=product,
        sku="B",
        size="L",
        base_price="65.00",
        sale_price="60.00",
        sale_ends_at="2026-12-01T00:00:00Z",
        barcode="4006381333931",
        weight_g=350,
        hs_code="610910",
        origin_country="IN",
        bin_location="A-03-2",
        cost_price="20.00",
    )
    path = tmp_path / "export.csv"
    path.write_text("".join(exporter.export_csv([product.pk])), "utf-8")
    assert "unchanged 1" in run_import(path)
    path.write_text(path.read_text("utf-8").replace("60.00", "59.00"), "utf-8")
    assert "updated 1" in run_import(path)
    own = product.variants.order_by("sku").values_list("sale_price", "sale_ends_at")
    assert [str(price) for price, _ in own] == ["None", "59.00"]
    ends = own[1][1]
    assert ends is not None
    assert ends.isoformat() == "2026-12-01T00:00:00+00:00"


@pytest.mark.django_db
def test_further_categories_come_and_go_with_the_file(tmp_path, api) -> None:
    men = make_category(name="Men | Boys")
    shirts = make_category(name="Shirts > Tees", parent=men)
    path = tmp_path / "export.csv"

    def import_with(cell: str) -> str:
        path.write_text(
            "product,name,category,alsoIn,basePrice,sku,stock\n"
            f"1,Tee,Men | Boys,{cell},50.00,T1,5\n",
            "utf-8",
        )
        return run_import(path)

    def listed() -> list[str]:
        return sorted(product.also_in.values_list("name", flat=True))

    assert "created 1" in import_with(
        r"Sale | Gifts > For him | Men \| Boys > Shirts \\> Tees"
    )
    product = Product.objects.get()
    assert listed() == ["For him", "Sale", "Shirts > Tees"]
    assert product.also_in.get(name="Shirts > Tees") == shirts
    found = api.get("/api/products?category=sale").json()["items"]
    assert [each["slug"] for each in found] == ["tee"]
    assert api.get("/api/products?search=gifts").json()["total"] == 1
    assert "updated 1" in import_with("Sale")
    assert listed() == ["Sale"]
    assert api.get("/api/products?search=gifts").json()["total"] == 0
    product.also_in.add(shirts)  # by staff: what the file says is as before
    assert "unchanged 1" in import_with("Sale")
    path.write_text("".join(exporter.export_csv([product.pk])), "utf-8")
    assert r"Men \| Boys > Shirts \\> Tees|Sale" in path.read_text("utf-8")
    assert "unchanged 1" in run_import(path)
    assert listed() == ["Sale", "Shirts > Tees"]
    assert "updated 1" in import_with("")
    assert listed() == []


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("barcode", "4006381333932", "check_digit"),
        ("variantSalePrice", "70.00", "range"),
        ("weightG", "heavy", "type"),
    ],
)
@pytest.mark.django_db
def test_names_the_variants_column_that_is_wrong(
    tmp_path, column, value, code
) -> None:
    path = tmp_path / "own.csv"
    row = {"variantBasePrice": "65.00"} | {column: value}
    path.write_text(
        f"product,name,category,basePrice,sku,{','.join(row)}\n"
        f"P1,Dress,Dresses,50.00,D-1,{','.join(row.values())}\n"
    )
    assert list_rejected(path) == [("2", "P1", column, code)]
