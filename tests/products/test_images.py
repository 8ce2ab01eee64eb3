"""Uploaded images: encoded anew, under names of our own, gone with their rows."""

import io

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from products.models import ProductImage
from tests.factories import make_image, make_product, make_user


def picture(size=(1000, 500), kind="JPEG", **options):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    file.seek(0)
    file.name = "../../etc/passwd.php"
    return file


def stored(url):
    return default_storage.exists(url.removeprefix("/media/"))


@pytest.fixture
def product(db):
    return make_product()


def upload(client, product, **parts):
    return client.post(
        f"/api/products/{product.pk}/images", files={"file": picture()} | parts
    )


@pytest.mark.asvs("5.2.2", "5.3.1", "5.3.2")
def test_an_upload_is_encoded_anew_with_thumbnails(staff_client, api, product):
    make_image(product=product, position=6)
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    response = upload(
        staff_client, product, file=picture(exif=exif), altText="Front"
    )
    assert response.status_code == 201, response.json()
    image = response.json()
    assert image["altText"] == "Front"
    assert image["url"].startswith("/media/products/")
    assert "passwd" not in image["url"]
    assert list(image["thumbnails"]) == ["200", "400", "800", "1600"]
    with default_storage.open(image["url"].removeprefix("/media/")) as file:
        kept = Image.open(file)
        assert (kept.format, kept.size, dict(kept.getexif())) == (
            "WEBP",
            (1000, 500),
            {},
        )
    with default_storage.open(
        image["thumbnails"]["200"].removeprefix("/media/")
    ) as file:
        assert Image.open(file).size == (200, 100)
    row = ProductImage.objects.get(pk=image["id"])
    assert (row.width, row.height, row.position) == (1000, 500, 7)
    assert api.get(f"/api/products/{product.pk}").json()["images"][1] == image


@pytest.mark.asvs("1.3.4", "5.2.2")
@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        (
            {"file": io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>")},
            "/file",
        ),
        ({"file": picture(kind="GIF")}, "/file"),
        ({"file": "text"}, "/file"),
        ({"altText": "a\x07b"}, "/altText"),
        ({"position": "1"}, "/position"),
    ],
)
def test_refuses_what_is_no_picture_and_keeps_no_file(
    staff_client, product, parts, pointer
):
    response = upload(staff_client, product, **parts)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert not ProductImage.objects.exists()
    assert files() == []


def files():
    return (
        default_storage.listdir("products")[1]
        if default_storage.exists("products")
        else []
    )


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_a_product_that_is_full_or_gone_keeps_no_file(staff_client, product):
    for _ in range(20):
        make_image(product=product)
    response = upload(staff_client, product)
    assert (response.status_code, response.json()["code"]) == (
        422,
        "too_many_images",
    )
    unknown = "0190a5d8-0000-7000-8000-000000000000"
    assert (
        staff_client.post(
            f"/api/products/{unknown}/images", files={"file": picture()}
        ).status_code
        == 404
    )
    assert files() == []


def test_delete_removes_the_files(staff_client, product):
    image = upload(staff_client, product).json()
    assert len(files()) == 5
    path = f"/api/products/{product.pk}/images/{image['id']}"
    assert (
        staff_client.delete(
            f"/api/products/{make_product().pk}/images/{image['id']}"
        ).status_code
        == 404
    )
    assert staff_client.delete(path).status_code == 204
    assert files() == []
    assert staff_client.delete(path).status_code == 404


def test_patch_keeps_an_upload_by_its_address_and_drops_the_others_files(
    staff_client, product
):
    kept, dropped = (upload(staff_client, product).json() for _ in range(2))
    images = [{"url": kept["url"], "altText": "Kept"}]
    shown = staff_client.patch(
        f"/api/products/{product.pk}", {"images": images}
    ).json()["images"]
    assert shown == [kept | {"altText": "Kept"}]
    assert stored(kept["url"])
    assert not stored(dropped["url"])
    assert len(files()) == 5
    other = make_product()
    response = staff_client.patch(f"/api/products/{other.pk}", {"images": images})
    assert (response.status_code, response.json()["code"]) == (422, "image_unknown")


def test_changes_the_text_and_the_order(staff_client, product, api):
    first, second = make_image(product=product), make_image(product=product)
    path = f"/api/products/{product.pk}/images"
    assert (
        staff_client.patch(f"{path}/{first.pk}", {"altText": "New"}).json()[
            "altText"
        ]
        == "New"
    )
    assert (
        staff_client.put(
            f"{path}/order", {"ids": [str(second.pk), str(first.pk)]}
        ).status_code
        == 204
    )
    shown = api.get(f"/api/products/{product.pk}").json()
    assert [image["id"] for image in shown["images"]] == [
        str(second.pk),
        str(first.pk),
    ]
    for ids in ([str(first.pk)], [], [str(first.pk), str(make_image().pk)]):
        response = staff_client.put(f"{path}/order", {"ids": ids})
        assert (response.status_code, response.json()["code"]) == (
            422,
            "image_order_incomplete",
        )
    assert (
        staff_client.put(f"{path}/order", {"ids": [str(first.pk)] * 2}).status_code
        == 400
    )
    assert (
        staff_client.patch(f"{path}/{product.pk}", {"altText": "x"}).status_code
        == 404
    )


def test_only_catalogue_staff_write(api, product):
    image = make_image(product=product)
    path = f"/api/products/{product.pk}/images"
    for client, status in (
        (api, 401),
        (api.as_user(make_user()), 403),
        (api.as_user(make_user(role="staff")), 403),
    ):
        assert upload(client, product).status_code == status
        assert (
            client.patch(f"{path}/{image.pk}", {"altText": "x"}).status_code
            == status
        )
        assert (
            client.put(f"{path}/order", {"ids": [str(image.pk)]}).status_code
            == status
        )
        assert client.delete(f"{path}/{image.pk}").status_code == status
    assert product.images.count() == 1
