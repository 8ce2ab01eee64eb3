"""A whole catalogue out of a shop and into an empty one: the second archive is the first, byte for
byte.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from products.models import (
    Category,
    Collection,
    CollectionProduct,
    FormerSlug,
    Product,
    ProductImage,
    SearchPin,
    StockLevel,
    SynonymGroup,
    TaxClass,
    Variant,
)
from products.moving import importer
from products.moving.tables import TABLES
from storefront.models import Redirect
from tests.factories import (
    make_category,
    make_product,
    make_size_chart,
    make_variant,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def empty_shop() -> None:
    """Bring the tables back to how the migrations made them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests_initial.restore()")


@pytest.fixture
def catalogue() -> Variant:
    """A row of everything that an archive holds, with what is hard to write down."""
    tax = TaxClass.objects.create(code="apparel", name="Clothes", hsn=["6109"])
    top = make_category(name="Women", tax_class=tax, image="categories/women.webp")
    below = make_category(name="Blusas – «nuevas»", parent=top)
    make_size_chart(category=below)
    product = make_product(
        category=below,
        name="Camisa de lino\u2009✂",
        description='Two\nlines, "quoted"',
        tags=["a", "b"],
        sale_price="900.00",
        sale_starts_at=timezone.now(),
        tax_class=tax,
    )
    variant = make_variant(product=product, stock=7, color="Añil", weight_g=120)
    make_variant(product=product, stock=2, policy="continue")
    make_variant(product=product, policy="untracked")
    StockLevel.objects.filter(variant=variant).update(reserved=0)
    make_variant(product=product, stock=0, is_active=False, base_price="10.00")
    product.also_in.add(make_category(name="Sale"))
    Collection.objects.create(
        name="Under 1,000", slug="under-1000", by_rule=True, max_price="999.99"
    )
    picked = Collection.objects.create(name="Linen days", slug="linen-days")
    CollectionProduct.objects.create(collection=picked, product=product, position=3)
    make_product(status="draft")
    FormerSlug.objects.create(slug="old-name", product=product)
    SynonymGroup.objects.create(words=["camisa", "shirt"])
    SearchPin.objects.create(query="lino", product=product)
    names = (
        "products/a/one.webp",
        "products/a/one-200.webp",
        "categories/women.webp",
    )
    for name in names:
        default_storage.save(name, ContentFile(name.encode() * 500))
    ProductImage.objects.create(
        product=product,
        file="products/a/one.webp",
        thumbnails={"200": "products/a/one-200.webp"},
        width=400,
        height=600,
    )
    ProductImage.objects.create(
        product=product,
        external_url="https://pictures.example/2.jpg",
        position=1,
        color="Añil",
    )
    Redirect.objects.create(path="/pages/talles", target="/size-guide")
    return variant


def export(path: Path) -> bytes:
    call_command("export_shop", path, stdout=io.StringIO())
    return path.read_bytes()


def test_the_second_archive_is_the_first(catalogue, tmp_path, media):
    first = export(tmp_path / "first.zip")
    assert export(tmp_path / "again.zip") == first
    empty_shop()
    assert not Product.objects.exists()
    media.rename(tmp_path / "other-shop")
    call_command("import_shop", tmp_path / "first.zip", stdout=io.StringIO())
    assert export(tmp_path / "second.zip") == first
    moved = Variant.objects.select_related("stock", "product").get(pk=catalogue.pk)
    assert (moved.stock.on_hand, moved.product.in_stock) == (7, True)
    policies = moved.product.variants.values_list(
        "stock__inventory_policy", flat=True
    )
    assert sorted(policies) == ["continue", "deny", "deny", "untracked"]
    assert moved.product.price == 900  # what the database computes
    assert [category.name for category in moved.product.also_in.all()] == ["Sale"]
    assert Redirect.objects.get(path="/pages/talles").target == "/size-guide"
    assert moved.product.images.get(position=1).color == "Añil"
    assert default_storage.exists("products/a/one-200.webp")
    call_command("verify", stdout=io.StringIO(), stderr=io.StringIO())


def test_what_was_stopped_goes_on(catalogue, tmp_path, media, monkeypatch):
    first = export(tmp_path / "first.zip")
    empty_shop()
    media.rename(tmp_path / "other-shop")
    for stop_at in ("_insert_stock", "_save_files"):
        with monkeypatch.context() as patched:
            patched.setattr(importer, stop_at, _die)
            with pytest.raises(ZeroDivisionError):
                importer.import_catalogue(tmp_path / "first.zip")
    half = media / "products/a/one.webp"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half a picture")
    for _ in range(2):
        importer.import_catalogue(tmp_path / "first.zip")
        assert export(tmp_path / "second.zip") == first


def _die(*args: object, **options: object) -> None:
    raise ZeroDivisionError("killed")


def test_a_shop_that_has_goods_is_left_alone(catalogue, tmp_path):
    export(tmp_path / "first.zip")
    other = make_product()
    with pytest.raises(CommandError, match="not in the archive"):
        call_command("import_shop", tmp_path / "first.zip", stdout=io.StringIO())
    assert Product.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "another"}, "no archive"),
        ({"version": 2}, "has the form 2"),
        ({"currency": "EUR"}, "SHOP_CURRENCY"),
    ],
)
def test_another_archive_is_refused(catalogue, tmp_path, change, said):
    path = tmp_path / "first.zip"
    export(path)
    with zipfile.ZipFile(path) as archive:
        head = json.loads(archive.read("archive.json"))
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["archive.json"] = json.dumps({**head, **change}).encode()
    _write(path, parts)
    empty_shop()
    with pytest.raises(CommandError, match=said):
        call_command("import_shop", path, stdout=io.StringIO())
    assert not Product.objects.exists()


@pytest.mark.asvs("5.2.3")
@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/x", "products/../../x", "products/a/large.webp"]
)
def test_a_file_that_leads_elsewhere_or_is_too_large_is_refused_before_any_row(
    catalogue, tmp_path, media, monkeypatch, name
):
    path = tmp_path / "first.zip"
    export(path)
    with zipfile.ZipFile(path) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    known = max(len(one) for at, one in parts.items() if at.startswith("files/"))
    monkeypatch.setattr(importer, "MAX_FILE_BYTES", known)
    content = b"x" * (known + 1) if name.endswith("large.webp") else b"x"
    _write(path, {**parts, f"files/{name}": content})
    empty_shop()
    with pytest.raises(importer.ArchiveRefused, match="no shop has"):
        importer.import_catalogue(path)
    assert not Product.objects.exists()
    assert not Category.objects.exists()
    assert not list(tmp_path.rglob("evil.py"))


def _write(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_picture_that_is_not_there_is_named(catalogue, tmp_path):
    default_storage.delete("products/a/one.webp")
    said = io.StringIO()
    with pytest.raises(CommandError, match="1 files are missing"):
        call_command(
            "export_shop", tmp_path / "a.zip", stdout=io.StringIO(), stderr=said
        )
    assert "products/a/one.webp is not there" in said.getvalue()


def test_no_table_of_the_catalogue_is_forgotten():
    """A new table is either in the archive, or is here with the reason why not."""
    elsewhere = {
        *("StockLevel", "StockMovement"),  # as pieces on hand
        *("Review", "Purchase", "BackInStockRequest"),  # people's
        *("Feed", "FeedRow", "FeedPull", "LowStock"),  # this shop's own work
        *("BulkChange", "BulkChangeRow", "ImportFile", "ImportedValues"),
        *("ImportJob", "ImportPart", "ImportLine"),
        *("SearchWord", "PriceHistory"),  # written by the database from the rest
        *("FacetNumber", "FacetBitmap", "FacetChange"),  # counted from the rest
        "PictureFetch",  # which pictures this shop was about to copy: this shop's own work
    }
    in_it = {table.model for table in TABLES}
    named = {model.__name__ for model in in_it} | elsewhere
    models_ = apps.get_app_config("products").get_models(include_auto_created=True)
    assert {model.__name__ for model in models_} - named == set()
