"""Colours as the shop names them: swatches, families, pictures of the chosen one."""

from products.models import Color
from tests.factories import make_image, make_product, make_variant


def list_names(api, **query):
    found = api.get("/api/products", query).json()["items"]
    return sorted(item["name"] for item in found)


def test_lists_the_colours_with_their_swatches(api, db):
    Color.objects.create(name="Navy", family="Blue", hex="#1b2a4a")
    Color.objects.create(name="Leopard", picture="colors/leopard.webp")
    assert api.get("/api/colors").json()["items"] == [
        {
            "name": "Leopard",
            "family": "Leopard",
            "hex": None,
            "picture": "/media/colors/leopard.webp",
        },
        {"name": "Navy", "family": "Blue", "hex": "#1b2a4a", "picture": None},
    ]


def test_a_family_filters_by_all_its_colours_and_at_once_by_another(api, db):
    for name, color in (
        ("A", "navy"),
        ("B", "Sky Blue"),
        ("C", "Blue"),
        ("D", "Red"),
    ):
        make_variant(product=make_product(name=name), color=color)
    sky = Color.objects.create(name="Sky Blue", family="Blue")
    Color.objects.create(name="Navy", family="Blue")
    assert list_names(api, colorFamily="blue") == ["A", "B", "C"]
    sky.family = "Pastels"
    sky.save()
    assert list_names(api, colorFamily="Blue") == ["A", "C"]
    assert list_names(api, colorFamily="Pastels", color="Red") == ["B", "D"]
    assert list_names(api, colorFamily="Nothing") == []


def test_a_card_shows_a_picture_of_the_colour_that_is_filtered_by(
    api, staff_client, db
):
    product = make_product()
    for color in ("Red", "Blue"):
        make_variant(product=product, color=color)
    make_image(product=product)
    second = make_image(product=product)
    changed = staff_client.patch(
        f"/api/products/{product.pk}/images/{second.pk}",
        {"altText": "It", "color": "Blue"},
    )
    assert changed.status_code == 200
    detail = api.get(f"/api/products/{product.pk}").json()
    assert [each["color"] for each in detail["images"]] == ["", "Blue"]

    def shown(**query):
        [item] = api.get("/api/products", query).json()["items"]
        return item["image"]["url"]

    assert shown(color="Blue") != shown() == shown(color="Red")
    staff_client.patch(
        f"/api/products/{product.pk}/images/{second.pk}", {"altText": "It is"}
    )
    assert shown(color="Blue") != shown()


def test_a_card_shows_a_picture_of_the_colour_that_is_searched_for(api, db):
    Color.objects.create(name="Navy", family="Blue")
    product = make_product(name="Linen shirt")
    for color in ("Red", "Navy", "Sea green"):
        make_variant(product=product, color=color)
        image = make_image(product=product)
        type(image).objects.filter(pk=image.pk).update(color=color)
    urls = [
        each["url"]
        for each in api.get(f"/api/products/{product.pk}").json()["images"]
    ]

    def shown(**query):
        [item] = api.get("/api/products", query).json()["items"]
        return urls.index(item["image"]["url"])

    assert shown() == shown(search="linen shirt") == shown(search="red shirt") == 0
    assert shown(search="navy shirt") == shown(search="blue linen shirt") == 1
    assert shown(search="shirt nav") == 1
    assert shown(search="sea green shirt") == shown(search="linen sea green") == 2
    assert shown(search="blue shirt", sort="newest", cursor="") == 1
    assert shown(search="blue shirt", color="Red") == 0


def test_a_cart_line_shows_its_colour(api, db):
    product = make_product()
    make_image(product=product)
    second = make_image(product=product)
    type(second).objects.filter(pk=second.pk).update(color="Blue")
    blue = make_variant(product=product, color="Blue", stock=3)
    line = api.post("/api/cart/items", {"variantId": str(blue.pk)}).json()["items"][
        0
    ]
    detail = api.get(f"/api/products/{product.pk}").json()
    assert line["product"]["image"]["url"] == detail["images"][1]["url"]
