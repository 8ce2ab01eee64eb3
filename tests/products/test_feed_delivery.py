"""How a feed comes in: over HTTP, by `manage.py sync_inventory`, and in files of other shapes."""

from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from products.models import Feed, StockLevel
from products.services.feeds import staging
from tests.factories import make_variant
from tests.products.feed_files import NOW, age_movements, level, write

__all__ = ["write"]


# --- Over HTTP -----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_staff_send_a_feed_and_read_its_report(write, staff_client) -> None:
    variants = [make_variant(stock=1) for _ in range(5)]
    path = write(*(f"{variant.sku},3" for variant in variants), "=cmd(),1")
    form = {"source": "wms", "sequence": "7", "countedAt": "2026-01-02T03:04:05Z"}
    with path.open("rb") as file:
        answer = staff_client.post("/api/staff/feeds", files={"file": file, **form})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["state"], body["total"], body["rejected"]) == ("staged", 6, 1)
    assert (body["countedAt"], body["mode"], body["finishedAt"]) == (
        "2026-01-02T03:04:05Z",
        "count",
        None,
    )
    with path.open("rb") as file:
        again = staff_client.post("/api/staff/feeds", files={"file": file, **form})
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    report = staff_client.get(f"/api/staff/feeds/{body['id']}/report")
    assert b"".join(report).decode().splitlines() == [
        "line,sku,quantity,id,result,reason",
        "7,'=cmd(),,,rejected,sku: This has the wrong form.",
    ]
    assert (
        staff_client.get("/api/staff/feeds", {"state": "staged"}).json()["total"]
        == 1
    )
    assert (
        staff_client.get("/api/staff/feeds", {"source": "other"}).json()["items"]
        == []
    )
    assert staff_client.get(f"/api/staff/feeds/{body['id']}").json() == body


@pytest.mark.django_db
def test_only_the_catalogue_group_sees_feeds(api, customer, staff) -> None:
    for client, status in (
        (api, 401),
        (api.as_user(customer), 403),
        (api.as_user(staff), 403),
    ):
        assert client.get("/api/staff/feeds").status_code == status


# --- manage.py sync_inventory --------------------------------------------------------------------
def sync(*args: object, **options: object) -> str:
    out = StringIO()
    call_command("sync_inventory", *map(str, args), stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_applies_it_now(write, tmp_path) -> None:
    variant = make_variant(stock=1)
    age_movements(variant, NOW)
    path = write(f"{variant.sku},6")
    args = [
        path,
        "--source",
        "wms",
        "--sequence",
        3,
        "--counted-at",
        "2026-01-02T00:00:00Z",
        "--now",
    ]
    assert (
        "is applied: of 1 rows 1 applied, 0 unchanged, 0 rejected, 0 waiting"
        in sync(*args)
    )
    assert level(variant) == (6, 0)
    assert "sent before" in sync(*args)
    assert level(variant) == (6, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--source", "Warehouse One", "--sequence", 1), "--source takes"),
        (("--source", "wms", "--sequence", -1), "--sequence is"),
        (
            ("--source", "wms", "--sequence", 1, "--counted-at", "yesterday"),
            "--counted-at: This must be a time",
        ),
        (
            ("--source", "wms", "--sequence", 1, "--mode", "delta"),
            "the column id is missing",
        ),
    ],
)
def test_the_command_says_what_is_wrong(write, args, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        sync(write("A,1"), *args)
    assert not Feed.objects.exists()


@pytest.mark.django_db
def test_the_command_fails_for_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(CommandError, match=r"none\.csv: No such file"):
        sync(tmp_path / "none.csv", "--source", "wms", "--sequence", 1)


@pytest.mark.django_db
def test_the_command_fails_when_it_is_held(write, tmp_path) -> None:
    report = tmp_path / "report.csv"
    with pytest.raises(CommandError, match="held"):
        sync(
            write("NOPE,1"), "--source", "wms", "--sequence", 1, "--report", report
        )
    assert "There is no such SKU" in report.read_text()


SHOPIFY_INVENTORY = (
    "Handle,Title,Option1 Name,Option1 Value,SKU,HS Code,COO,Shop A,Warehouse B,Print\r\n"
    "a,A,Size,S,F-A,420222,,1,2,not stocked\r\nb,B,Title,Default Title,F-B,,,0,,\r\n"
    "c,C,,,F-C,,,not stocked,not stocked,not stocked\r\n"
)
SHOPIFY_INVENTORY_BY_LOCATION = (
    "Handle,Title,SKU,HS Code,COO,Location,Incoming (not editable),"
    "On hand (current),On hand (new)\na,A,F-A,,,Shop,5,9,1\nb,B,F-B,,,Shop,0,4,0\n"
    "a,A,F-A,,,Warehouse,0,2,2\nb,B,F-B,,,Warehouse,0,0,not stocked\n"
)
INVENTORY_MAPPING = (
    'sku = "artikel"\nquantity = ["Lager 1", "Lager 2"]\ndelimiter = "|"\n'
    'decimal = ","\n'
)


def _counted(skus: list[str]) -> dict[str, int]:
    levels = StockLevel.objects.filter(variant__sku__in=skus)
    return dict(levels.values_list("variant__sku", "on_hand"))


@pytest.mark.parametrize(
    ("content", "mapping"),
    [
        ("SKU;Menge;Quantity\nF-A;x;3.0\n'F-B;y;0\n", ""),
        ("\ufeffTitle\tsku\tQTY\nx\tF-A\t3\nx\tF-B\t0,0\n".replace("0,0", "0"), ""),
        (
            SHOPIFY_INVENTORY,
            "",
        ),
        (
            SHOPIFY_INVENTORY_BY_LOCATION,
            "",
        ),
        (
            "Artikel|Lager 1|Lager 2\nF-A|1,0|2\nF-B||0\n",
            INVENTORY_MAPPING,
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_other_columns_separators_and_locations_are_read(
    tmp_path, content: str, mapping: str
) -> None:
    for sku in ("F-A", "F-B", "F-C"):
        make_variant(sku=sku, stock=8)
    path, rules = tmp_path / "feed.csv", tmp_path / "feed.toml"
    path.write_text(content, "utf-8")
    rules.write_text(mapping, "utf-8")
    more = ["--mapping", str(rules)] if mapping else []
    with suppress(CommandError):  # so many would sell out that the feed is held
        call_command(
            "sync_inventory",
            str(path),
            *("--source", "other", "--sequence", "1", "--now", *more),
            stdout=StringIO(),
        )
    feed = Feed.objects.get()
    assert feed.rejected == 0
    if feed.state == "held":
        staging.release_feed(feed_id=feed.pk)
        staging.apply_feed(feed_id=feed.pk, budget_s=30)
    assert _counted(["F-A", "F-B", "F-C"]) == {"F-A": 3, "F-B": 0, "F-C": 8}


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("quantity = 5", "/quantity This must be a list"),
        ('sku = "Nummer"', "the column Nummer is missing"),
        ("sku =", "Invalid value"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_feeds_mapping_is_refused_by_name(
    tmp_path, mapping: str, says: str
) -> None:
    path, rules = tmp_path / "feed.csv", tmp_path / "feed.toml"
    path.write_text("sku,quantity\nA,1\n")
    rules.write_text(mapping)
    with pytest.raises(CommandError, match=says):
        call_command(
            "sync_inventory",
            str(path),
            *("--source", "other", "--sequence", "1", "--mapping", str(rules)),
        )
