"""Pictures in a bucket, by a real S3 server on loopback."""

import io
import json
import urllib.request

import boto3  # type: ignore[import-untyped]  # it has no types
import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.test import override_settings
from moto.server import ThreadedMotoServer
from PIL import Image

from markrin.media_storage import Folder, describe_media_storage
from products.models import ProductImage
from products.schemas.images import UploadedImage
from products.services import images
from tests.factories import make_product


@pytest.fixture
def bucket(monkeypatch, settings):
    """Return the client of a bucket that is the shop's storage."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="shop")
    everybody_reads = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shop/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [everybody_reads]}
    client.put_bucket_policy(Bucket="shop", Policy=json.dumps(policy))
    url = f"s3://shop/media?endpoint={endpoint}&region=us-east-1"
    storages = settings.STORAGES | {"default": describe_media_storage(url)}
    with override_settings(STORAGES=storages):
        yield client
    server.stop()


@pytest.mark.django_db(transaction=True)
def test_pictures_are_kept_in_a_bucket_and_go_with_their_image(bucket) -> None:
    product = make_product()
    picture = Image.new("RGB", (900, 600), "red")
    image_id = images.upload_image(
        UploadedImage(file=picture), product_id=product.pk
    )
    image = ProductImage.objects.get()
    listed = bucket.list_objects_v2(Bucket="shop")["Contents"]
    names = {each["Key"] for each in listed}
    assert names == {
        f"media/{name}" for name in (image.file.name, *image.thumbnails.values())
    }
    address = default_storage.url(image.file.name)
    assert "Signature" not in address
    with urllib.request.urlopen(address) as answer:  # noqa: S310 (loopback)
        assert Image.open(io.BytesIO(answer.read())).size == (900, 600)
        assert "immutable" in answer.headers["Cache-Control"]
    images.delete_image(product_id=product.pk, image_id=image_id)
    assert "Contents" not in bucket.list_objects_v2(Bucket="shop")


def test_the_setting_says_where_and_what_is_wrong() -> None:
    found = describe_media_storage("s3://b/a/b?public=https://cdn.example/x")[
        "OPTIONS"
    ]
    assert (found["bucket_name"], found["location"]) == ("b", "a/b")
    assert found["custom_domain"] == "cdn.example/x"
    for wrong in ("s3://", "https://b", "s3://b?endpiont=https://x"):
        with pytest.raises(
            ValueError, match="MEDIA_STORAGE must be empty or s3://"
        ):
            describe_media_storage(wrong)


@pytest.mark.parametrize(
    "name",
    [
        "products/ab/cd.webp",
        "a~b_c-d.1/E.png",
        "a b/ä%.jpg",
        "with:colon.png",
        "#hash?.png",
        "/lead.png",
    ],
)
def test_a_folder_gives_the_addresses_that_django_would(settings, name):
    settings.MEDIA_URL = "/media/"
    assert Folder().url(name) == FileSystemStorage().url(name)
