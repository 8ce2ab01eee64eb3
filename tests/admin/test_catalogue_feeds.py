"""An inventory feed by hand: uploaded, held or let through, and its report downloaded."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from products.models import Feed, StockLevel
from products.services.feeds import staging
from tests import factories

pytestmark = pytest.mark.django_db
UPLOAD = reverse("admin:products_feed_upload")
LIST = reverse("admin:products_feed_changelist")


@pytest.fixture
def client():
    signed_in = Client()
    signed_in.force_login(factories.make_user(role="staff", groups=("catalogue",)))
    return signed_in


def send(client, text, **said):
    file = SimpleUploadedFile("stock.csv", text.encode(), "text/csv")
    data = {
        "source": "warehouse",
        "mode": "count",
        "counted_at": "2026-01-02T03:04",
        "sequence": "",
        **said,
    }
    return client.post(UPLOAD, {"file": file, **data})


def page_of(feed):
    return reverse("admin:products_feed_change", args=[feed.pk])


@pytest.mark.django_db(transaction=True)
@pytest.mark.asvs("5.4.1")
def test_a_feed_with_errors_is_taken_in_and_its_report_names_them(client):
    for number in range(9):
        factories.make_variant(sku=f"F-{number}", stock=1)
    rows = "".join(f"F-{number},7\n" for number in range(9))
    assert "Upload feed" in client.get(LIST).content.decode()
    assert client.get(UPLOAD).status_code == 200
    answer = send(client, f"sku,quantity\n{rows}NONE,3\nF-10,ten\n")
    feed = Feed.objects.get()
    assert answer["Location"] == page_of(feed)
    assert (feed.state, feed.total, feed.rejected, feed.sequence) == (
        "staged",
        11,
        2,
        0,
    )
    assert (
        feed.counted_at.isoformat() == "2026-01-01T21:34:00+00:00"
    )  # the shop's clock is in Kolkata

    staging.apply_feed(feed_id=feed.pk, budget_s=60)
    # The piece of its beginning is one of those that were counted.
    assert StockLevel.objects.get(variant__sku="F-1").on_hand == 7
    shown = client.get(page_of(feed)).content.decode()
    assert "There is no such SKU." in shown
    assert "11 of 11" in shown
    report = client.get(reverse("admin:products_feed_report", args=[feed.pk]))
    assert report["Content-Disposition"] == 'attachment; filename="warehouse-0.csv"'
    lines = b"".join(report.streaming_content).decode().splitlines()
    assert lines[1:] == ["11,NONE,3,,rejected,sku: There is no such SKU.", lines[2]]
    assert lines[2].startswith("12,F-10,,,rejected,quantity: ")


def test_the_same_file_again_is_the_first_ones_feed_and_the_next_has_the_next_sequence(
    client,
):
    factories.make_variant(sku="F-1")
    send(client, "sku,quantity\nF-1,5\n")
    again = send(client, "sku,quantity\nF-1,5\n")
    assert Feed.objects.count() == 1
    assert again["Location"] == page_of(Feed.objects.get())
    send(client, "sku,quantity\nF-1,6\n")
    assert list(Feed.objects.order_by("pk").values_list("sequence", flat=True)) == [
        0,
        1,
    ]


def test_a_feed_that_would_sell_out_much_waits_for_a_person(client):
    factories.make_variant(sku="F-1", stock=5)
    send(client, "sku,quantity\nF-1,0\n")
    feed = Feed.objects.get()
    shown = client.get(page_of(feed)).content.decode()
    assert feed.state == "held"
    assert "would sell out" in shown
    assert reverse("admin:products_feed_step", args=[feed.pk, "release"]) in shown


def test_only_checking_changes_nothing(client):
    factories.make_variant(sku="F-1", stock=5)
    send(client, "sku,quantity\nF-1,9\n", dry_run="on")
    assert Feed.objects.get().state == "reported"
    assert StockLevel.objects.get().on_hand == 5


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ("", {}, "file"),
        ("nonsense\n", {}, "__all__"),
        ("sku,quantity\nA,1\n", {"source": "The Warehouse"}, "source"),
        ("sku,quantity\nA,1\n", {"mode": "guess"}, "mode"),
        ("sku,quantity\nA,1\n", {"counted_at": "yesterday"}, "counted_at"),
        ("sku,quantity\nA,1\n", {"counted_at": "2090-01-01T00:00"}, "__all__"),
        ("sku,quantity\nA,1\n", {"sequence": "-1"}, "sequence"),
    ],
)
def test_what_is_no_feed_is_explained_in_the_form(client, text, said, where):
    answer = send(client, text, **said)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [where]
    assert not Feed.objects.exists()


def test_who_may_only_look_cannot_upload():
    for groups in ((), ("orders",), ("analytics",)):
        other = Client()
        other.force_login(factories.make_user(role="staff", groups=groups))
        assert send(other, "sku,quantity\nA,1\n").status_code == 403
    assert not Feed.objects.exists()
    assert Client().get(UPLOAD).status_code == 302
