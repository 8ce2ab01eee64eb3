"""A product's page: the form is done by the services, pictures are uploaded, ordered and
described below it.
"""

import io
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from markrin.outbox.models import OutboxEvent
from products.models import (
    FormerSlug,
    Product,
    ProductImage,
    StockLevel,
    StockMovement,
    Variant,
)
from tests import factories
from tests.admin.test_pages import form_of

pytestmark = pytest.mark.django_db
WHOLE = pytest.mark.django_db(
    transaction=True
)  # where services must find no transaction around them
LIST = reverse("admin:products_product_changelist")


@pytest.fixture
def keeper():
    return factories.make_user(role="staff", groups=("catalogue",))


@pytest.fixture
def client(keeper):
    signed_in = Client()
    signed_in.force_login(keeper)
    return signed_in


def page_of(product):
    return reverse("admin:products_product_change", args=[product.pk])


def images_of(product):
    return reverse("admin:products_product_images", args=[product.pk])


def picture(name="shirt.png", color=(200, 30, 30)):
    out = io.BytesIO()
    Image.new("RGB", (30, 40), color).save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def saved(client, path, data):
    answer = client.post(path, data)
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    return answer


def new_variant(number, **said):
    return {
        f"variants-{number}-{name}": value
        for name, value in {"position": "0", "is_active": "on", **said}.items()
    }


@WHOLE
def test_a_product_is_made_with_its_variants_and_their_first_pieces(client, keeper):
    category = factories.make_category()
    data = {
        "name": "Linen shirt",
        "status": "published",
        "category": str(category.pk),
        "brand": "Loom",
        "gender": "men",
        "base_price": "1200.00",
        "sale_price": "",
        "tags": "linen,summer",
        "is_new_arrival": "on",
        "seo_title": "Linen",
        "variants-TOTAL_FORMS": "2",
        "variants-INITIAL_FORMS": "0",
        "former_slugs-TOTAL_FORMS": "0",
        "former_slugs-INITIAL_FORMS": "0",
        **new_variant(0, sku="LIN-M", size="M", stock="4"),
        **new_variant(1, sku="LIN-L", size="L"),
    }
    saved(client, reverse("admin:products_product_add"), data)
    product = Product.objects.get(name="Linen shirt")
    assert (product.slug, product.in_stock, product.seo_title, product.tags) == (
        "linen-shirt",
        True,
        "Linen",
        ["linen", "summer"],
    )
    levels = StockLevel.objects.filter(variant__product=product).order_by(
        "variant__position"
    )
    assert list(levels.values_list("variant__sku", "on_hand")) == [
        ("LIN-M", 4),
        ("LIN-L", 0),
    ]
    assert set(StockMovement.objects.values_list("kind", "actor")) == {
        ("initial", keeper.pk)
    }
    assert OutboxEvent.objects.filter(event="stock.changed").exists()


def test_a_change_writes_what_was_changed_and_nothing_else(client):
    product = factories.make_product(variants=1, stock=3)
    data = form_of(client, page_of(product))
    # While the form is open, the product sells out, and somebody changes its price.
    Product.objects.filter(pk=product.pk).update(in_stock=False, base_price="77.00")
    StockLevel.objects.update(on_hand=0)
    saved(
        client, page_of(product), data | {"brand": "New", "base_price": "1000.00"}
    )
    product.refresh_from_db()
    assert (product.brand, product.in_stock, product.base_price) == (
        "New",
        False,
        Decimal("1000.00"),
    )


def test_another_name_brings_another_slug_unless_one_is_given(client):
    product = factories.make_product(name="Old", slug="old")
    saved(
        client,
        page_of(product),
        form_of(client, page_of(product)) | {"name": "Fresh name"},
    )
    product.refresh_from_db()
    assert product.slug == "fresh-name"
    assert FormerSlug.objects.get(slug="old").product == product
    saved(
        client,
        page_of(product),
        form_of(client, page_of(product)) | {"name": "Third", "slug": "mine"},
    )
    product.refresh_from_db()
    assert product.slug == "mine"


@WHOLE
def test_a_variant_is_changed_in_place_and_its_stock_cannot_be_typed(client):
    product = factories.make_product(variants=2, stock=5)
    first = product.variants.get(position=0)
    data = form_of(client, page_of(product))
    data |= {
        "variants-0-size": "XXL",
        "variants-0-stock": "900",
        "variants-0-on_hand": "900",
    }
    saved(client, page_of(product), data)
    first.refresh_from_db()
    assert (first.size, first.stock.on_hand) == ("XXL", 5)
    shown = client.get(page_of(product)).content.decode()
    assert (
        reverse("admin:products_variant_step", args=[first.pk, "adjust"]) in shown
    )


def test_taking_the_last_variant_off_sale_takes_the_product_out_of_stock(client):
    product = factories.make_product(variants=1, stock=5)
    data = form_of(client, page_of(product))
    del data["variants-0-is_active"]
    saved(client, page_of(product), data)
    product.refresh_from_db()
    assert not product.in_stock


@pytest.mark.parametrize(
    "said",
    [
        {"sku": "a b"},
        {"sku": "", "size": "M"},
        {"sku": "X" * 65},
        {"sku": "OK-1", "stock": "-1"},
        {"sku": "TAKEN"},
    ],
)
def test_a_variant_that_cannot_be_is_refused_with_the_whole_page(client, said):
    factories.make_variant(sku="TAKEN")
    product = factories.make_product()
    data = form_of(client, page_of(product)) | {
        "variants-TOTAL_FORMS": "1",
        "name": "Other",
        **new_variant(0, **said),
    }
    answer = client.post(page_of(product), data)
    assert answer.status_code == 200
    assert answer.context["errors"]
    product.refresh_from_db()
    assert product.name != "Other"
    assert not product.variants.exists()


def test_a_category_that_is_no_id_is_an_error_of_its_field(client):
    product = factories.make_product()
    answer = client.post(
        page_of(product), form_of(client, page_of(product)) | {"category": "0"}
    )
    assert answer.status_code == 200
    assert "category" in answer.context["adminform"].form.errors


def test_only_what_is_published_has_a_link_to_the_shop(client):
    draft, shown = (
        factories.make_product(status="draft"),
        factories.make_product(slug="shown"),
    )
    assert "/p/shown" in client.get(page_of(shown)).content.decode()
    assert f"/p/{draft.slug}" not in client.get(page_of(draft)).content.decode()


@WHOLE
def test_several_pictures_at_once_of_which_a_bad_one_is_named(client):
    product = factories.make_product()
    bad = SimpleUploadedFile("notes.txt", b"no picture", "image/png")
    answer = client.post(
        images_of(product),
        {"do": "upload", "files": [picture("a.png"), bad, picture("b.png")]},
        follow=True,
    )
    assert "notes.txt: This is not a whole" in answer.content.decode()
    images = list(product.images.order_by("position"))
    assert [image.position for image in images] == [0, 1]
    assert all(default_storage.exists(str(image.file.name)) for image in images)
    assert images[0].thumbnails["400"] in answer.content.decode()


def test_pictures_move_by_buttons_and_by_dragging_are_described_and_deleted(client):
    product = factories.make_product()
    one, two, three = (factories.make_image(product=product) for _ in range(3))

    def order():
        return list(
            product.images.order_by("position").values_list("pk", flat=True)
        )

    def do(name, **data):
        return client.post(
            images_of(product),
            {"do": name, **data},
            headers={"X-Requested-With": "fetch"},
        )

    assert do("down", image=one.pk).status_code == 200
    assert order() == [two.pk, one.pk, three.pk]
    do("up", image=three.pk)
    do("up", image=two.pk)  # the first stays
    assert order() == [two.pk, three.pk, one.pk]
    do("order", ids=[one.pk, two.pk, three.pk])
    assert order() == [one.pk, two.pk, three.pk]
    assert "each of the product" in do("order", ids=[one.pk]).content.decode()
    assert (
        'value="A &lt;red&gt; shirt"'
        in do("describe", image=one.pk, alt_text="A <red> shirt").content.decode()
    )
    do("delete", image=two.pk)
    assert order() == [one.pk, three.pk]
    do("link", url="https://img.example/9.jpg")
    assert (
        product.images.get(position=3).external_url == "https://img.example/9.jpg"
    )
    assert "https://" in do("link", url="javascript:alert(1)").content.decode()
    assert product.images.count() == 3


def test_pictures_of_another_product_are_out_of_reach(client):
    product, other = factories.make_product(), factories.make_image()
    for name in ("describe", "delete", "up"):
        client.post(
            images_of(product), {"do": name, "image": other.pk, "alt_text": "mine"}
        )
    other.refresh_from_db()
    assert other.alt_text != "mine"
    for junk in ("", "x", "0"):
        assert (
            client.post(
                images_of(product), {"do": "delete", "image": junk}
            ).status_code
            == 302
        )
    assert ProductImage.objects.count() == 1


def test_a_button_that_there_is_not_changes_nothing_and_says_so(client):
    product = factories.make_product()
    shown = client.post(images_of(product), {"do": "polish"}, follow=True)
    assert [str(each) for each in shown.context["messages"]] == [
        "There is no such button."
    ]
    assert not LogEntry.objects.exists()


def test_who_may_only_look_sees_pictures_and_no_buttons():
    looker = Client()
    looker.force_login(factories.make_user(role="staff", groups=("orders",)))
    product = factories.make_product()
    factories.make_image(product=product)
    assert (
        looker.post(
            images_of(product), {"do": "upload", "files": [picture()]}
        ).status_code
        == 403
    )
    assert looker.post(page_of(product), {"name": "Mine"}).status_code == 403
    assert product.images.count() == 1
    shown = looker.get(page_of(product))
    if shown.status_code == 200:
        assert b'value="upload"' not in shown.content


def test_search_finds_by_word_beginning_slug_and_sku(client):
    shirt = factories.make_product(
        name="Blue linen shirt", slug="a-blue-one", brand="Loomwork"
    )
    factories.make_variant(product=shirt, sku="Ab-9")
    factories.make_product(name="Trousers", slug="trousers")
    for term in ("linen", "blue shi", "a-blue", "Ab-9", "loomw"):
        found = client.get(LIST, {"q": term}).context["cl"].result_list
        assert list(found) == [shirt], term
    for term in ("zzz", "%", "'", "\\", "&|!"):
        assert client.get(LIST, {"q": term}).status_code == 200


def test_the_category_filter_takes_what_lies_below(client):
    men = factories.make_category()
    shirts = factories.make_category(parent=men)
    product = factories.make_product(category=shirts)
    factories.make_product()
    found = (
        client.get(LIST, {"category__id__exact": str(men.pk)})
        .context["cl"]
        .result_list
    )
    assert list(found) == [product]
    assert client.get(LIST, {"category__id__exact": "junk"}).status_code in (
        200,
        302,
    )


def test_brands_are_suggested_by_their_beginning(client):
    for brand in ("Loom", "loomwork", "Acme"):
        factories.make_product(brand=brand)
    path = reverse("admin:products_product_brands")
    assert sorted(client.get(path, {"q": "LOO"}).json()["items"]) == [
        "Loom",
        "loomwork",
    ]
    assert client.get(path, {"q": "%"}).json()["items"] == []
    assert len(client.get(path).json()["items"]) == 3


def test_a_product_with_much_opens_in_few_queries(client):
    product = factories.make_product(variants=30)
    for _ in range(8):
        factories.make_image(product=product)
    for path in (page_of(product), LIST):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        assert len(queries) <= 20, path
    assert Variant.objects.count() == 30


def grid_of(product):
    return reverse("admin:products_product_grid", args=[product.pk])


@WHOLE
def test_a_grid_of_sizes_and_colours_is_made_in_one_go(client, keeper):
    product = factories.make_product(name="Tee")
    factories.make_variant(product=product, sku="OLD", size="S", color="Black")
    assert grid_of(product) in client.get(page_of(product)).content.decode()
    saved(
        client,
        grid_of(product),
        {
            "sizes": "S, M,L, M",
            "colors": "Black, Navy blue",
            "sku": "TEE",
            "stock": "3",
        },
    )
    new = product.variants.exclude(sku="OLD").order_by("position")
    assert list(new.values_list("sku", "size", "color", "stock__on_hand")) == [
        ("TEE-BLACK-M", "M", "Black", 3),
        ("TEE-BLACK-L", "L", "Black", 3),
        ("TEE-NAVY-BLUE-S", "S", "Navy blue", 3),
        ("TEE-NAVY-BLUE-M", "M", "Navy blue", 3),
        ("TEE-NAVY-BLUE-L", "L", "Navy blue", 3),
    ]
    answer = client.post(
        grid_of(product), {"sizes": "XXL", "colors": "", "sku": "OLD", "stock": "0"}
    )
    assert answer.status_code == 302
    answer = client.post(
        grid_of(product),
        {"sizes": "9XL", "colors": "Red", "sku": "?", "stock": "0"},
    )
    assert answer.status_code == 302  # a SKU of the colour and the size alone
    answer = client.post(
        grid_of(product),
        {"sizes": "S", "colors": "Red", "sku": "RED", "stock": "-1"},
    )
    assert answer.status_code == 422
    assert product.variants.count() == 8


def test_who_may_only_look_makes_no_grid():
    product = factories.make_product()
    looker = Client()
    looker.force_login(factories.make_user(role="staff", groups=("viewer",)))
    assert looker.get(grid_of(product)).status_code in (302, 403)


@WHOLE
def test_variants_get_prices_of_their_own_in_the_table(client):
    product = factories.make_product(base_price="50.00")
    variant = factories.make_variant(product=product, sku="A", size="S")
    form = form_of(client, page_of(product))
    data = form | {
        "variants-0-base_price": "65.00",
        "variants-0-sale_price": "60.00",
        "variants-0-barcode": "4006381333931",
        "variants-0-weight_g": "350",
    }
    saved(client, page_of(product), data)
    variant.refresh_from_db()
    assert (str(variant.base_price), str(variant.sale_price), variant.weight_g) == (
        "65.00",
        "60.00",
        350,
    )
    wrong = client.post(
        page_of(product), data | {"variants-0-barcode": "4006381333932"}
    )
    assert "check digit" in wrong.content.decode()
