"""Linked pictures are copied in by jobs: what a hostile server can do, what comes back after a
kill, and that no picture is kept twice.
"""

import os
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from markrin.outbox.models import OutboxEvent
from products.models import PictureFetch, ProductImage
from products.schemas.products import ImageInput
from products.services import images, pictures, unused_pictures
from tests.factories import make_product
from tests.moving.picture_server import serve_pictures

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(tmp_path, settings, monkeypatch):
    """Return a running hostile server that the shop trusts and may call."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(pictures, "FETCH_S", 1.5)
    with serve_pictures(tmp_path) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))
        yield running


def link(*urls: str) -> list[ProductImage]:
    """Return linked pictures, each of a product of its own."""
    return [
        ProductImage.objects.create(product=make_product(), external_url=url)
        for url in urls
    ]


def fetch_all() -> None:
    """Fetch until nothing waits, without waiting for the pauses between tries."""
    pictures.queue_pictures()
    while pictures.next_due_in_s() is not None:
        PictureFetch.objects.update(next_at=timezone.now())
        pictures.fetch_some()


def reasons() -> dict[str, str]:
    rows = PictureFetch.objects.filter(state="refused").select_related("image")
    return {
        row.image.external_url.rpartition(":")[2]
        .partition("/")[2]
        .partition("/")[0]: (row.reason)
        for row in rows
    }


def files() -> list[Path]:
    return sorted(Path(default_storage.path("products")).glob("*"))


def test_good_pictures_come_and_the_others_are_refused_with_reasons(server) -> None:
    good = link(*(server.url(f"{kind}/3.jpg") for kind in ("ok", "moved", "busy")))
    bad = link(
        *(
            server.url(f"{kind}/1.jpg")
            for kind in ("lies", "private", "loops", "none")
        ),
        "https://10.1.2.3/1.jpg",
        "https://[::ffff:10.1.2.3]/1.jpg",
        "https://nobody.invalid/1.jpg",
    )
    fetch_all()
    for image in good:
        image.refresh_from_db()
        assert (image.external_url, image.width, image.height) == ("", 60, 80)
        assert image.source_url.endswith("/3.jpg")
        assert default_storage.exists(image.file.name or "")
    assert pictures.count_pictures() == {
        "done": 3,
        "waiting": 0,
        "refused": len(bad),
    }
    said = reasons()
    assert "not a whole" in said["lies"]
    assert "another host" in said["private"]
    assert "more than 3 times" in said["loops"]
    assert "404" in said["none"]
    kept = set(PictureFetch.objects.values_list("reason", flat=True))
    assert {
        "The address of 10.1.2.3 is not a public one.",
        "The address of ::ffff:10.1.2.3 is not a public one.",
        "The name nobody.invalid is not known.",
    } <= kept
    assert {
        image.external_url for image in ProductImage.objects.exclude(file="")
    } == {""}


def test_slow_and_dying_servers_are_tried_again_and_then_given_up(server) -> None:
    link(server.url("slow/1.jpg"), server.url("dies/1.jpg"))
    fetch_all()
    assert pictures.count_pictures()["refused"] == 2
    assert server.counts["/dies/1.jpg"] == pictures.MAX_TRIES
    assert "no answer within" in reasons()["slow"]
    assert pictures.queue_pictures() == 0, "refused ones wait for --retry"
    assert pictures.queue_pictures(retry=True) == 2


def test_a_slow_server_holds_up_no_other_picture(server, monkeypatch) -> None:
    monkeypatch.setattr(pictures, "AT_ONCE", 2)
    slow, *others = link(
        server.url("slow/1.jpg"),
        *(server.url(f"ok/{n}.jpg") for n in range(10, 16)),
    )
    settled: list[UUID] = []
    settle = pictures._settle

    def note(found: pictures._Fetched) -> None:
        settled.append(found.fetch.image_id)
        settle(found)

    monkeypatch.setattr(pictures, "_settle", note)
    pictures.queue_pictures()
    assert pictures.fetch_some(for_s=60) >= 7
    assert settled.index(slow.pk) > settled.index(others[1].pk), "not in turn"
    assert pictures.count_pictures()["done"] == 6


def test_no_picture_is_kept_twice_and_shared_files_stay(server) -> None:
    one, other, third = link(*(server.url(f"same/{n}.jpg") for n in range(3)))
    fetch_all()
    for image in (one, other, third):
        image.refresh_from_db()
    assert one.file.name == other.file.name == third.file.name
    kept = files()
    assert len(kept) == 1 + len(one.thumbnails)
    images.delete_image(product_id=one.product_id, image_id=one.pk)
    assert files() == kept, "others still show it"
    images.delete_image(product_id=other.product_id, image_id=other.pk)
    images.delete_image(product_id=third.product_id, image_id=third.pk)
    assert files() == []


def test_what_a_killed_run_held_comes_back(server) -> None:
    [image] = link(server.url("ok/5.jpg"))
    pictures.queue_pictures()
    [held] = pictures._claim(8)  # and then its process is killed
    assert pictures.fetch_some() == 0, "its lease holds"
    PictureFetch.objects.filter(pk=held.pk).update(next_at=timezone.now())
    assert pictures.fetch_some() == 1
    image.refresh_from_db()
    assert image.file
    assert server.counts["/ok/5.jpg"] == 1


def test_a_picture_that_was_changed_meanwhile_is_left_alone(server) -> None:
    [image] = link(server.url("ok/6.jpg"))
    pictures.queue_pictures()
    claimed = pictures._claim(8)
    ProductImage.objects.filter(pk=image.pk).update(
        external_url="https://x.example/9.jpg"
    )
    pictures._settle(pictures._fetch(claimed[0]))
    image.refresh_from_db()
    assert image.external_url == "https://x.example/9.jpg"
    assert files() == []


def test_a_copied_picture_is_known_by_where_it_came_from(server) -> None:
    url = server.url("ok/8.jpg")
    [image] = link(url)
    fetch_all()
    image.refresh_from_db()
    product = image.product
    for address in (url, default_storage.url(image.file.name)):
        with transaction.atomic():
            images.set_images(product, [ImageInput(url=address, alt_text="Front")])
        assert product.images.get().pk == image.pk


def test_a_job_is_queued_and_files_nobody_shows_are_removed(
    server, settings
) -> None:
    link(server.url("ok/9.jpg"))
    pictures.queue_pictures()
    assert OutboxEvent.objects.filter(task="products.fetch_pictures").exists()
    fetch_all()
    folder = Path(settings.MEDIA_ROOT) / "products"
    lost, fresh = folder / "lost-200.webp", folder / "fresh.webp"
    lost.write_bytes(b"x")
    fresh.write_bytes(b"x")
    for path in folder.iterdir():
        if path != fresh:
            os.utime(path, (1, 1))
    before = len(files())
    assert unused_pictures.remove_unused_pictures() == 1
    assert not lost.exists()
    assert len(files()) == before - 1
