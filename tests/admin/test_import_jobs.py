"""Imports of files of any size in the admin: sent in parts, tried, imported by a job that is killed
and goes on, reported line by line; each kind for those who may do it by hand.
"""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.client_info import ClientInfo
from accounts.models import User
from accounts.services import privacy
from markrin.outbox.models import OutboxEvent
from orders.models import Coupon, PastOrder
from products.importing import importer, run
from products.models import ImportJob, ImportLine, ImportPart, Product, Review
from products.models.import_job import ImportKind
from products.services import import_jobs
from storefront.models import Redirect
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
ADD = reverse("admin:products_importjob_add")
HEADER = "product,name,category,basePrice,sku,size,color,stock\n"
ROW = "p-{0},Shirt {0},Men > Shirts,100.00,S-{0},M,Red,5\n"


def sign_in(*groups: str, role: str = "staff") -> Client:
    client = Client()
    client.force_login(factories.make_user(role=role, groups=groups))
    return client


@pytest.fixture
def client() -> Client:
    return sign_in("catalogue")


def begin(client: Client, kind: str, **options: object) -> ImportJob:
    answer = client.post(ADD, {"kind": kind, **options})
    assert answer.status_code == 302, answer.content.decode()
    return ImportJob.objects.get(pk=answer["Location"].split("/")[-3])


def page_of(job: ImportJob) -> str:
    return reverse("admin:products_importjob_change", args=[job.pk])


def send(client: Client, job: ImportJob, text: str) -> None:
    content = text.encode()
    size = import_jobs.PART_BYTES
    for number, start in enumerate(range(0, len(content), size)):
        answer = client.post(
            reverse("admin:products_importjob_part", args=[job.pk, number]),
            content[start : start + size],
            content_type="application/octet-stream",
        )
        assert answer.status_code == 200, answer.content
    named = {"do": "preview", "name": "goods.csv", "size": len(content)}
    client.post(page_of(job), named)


def do_work(job: ImportJob, *, budget_s: float = 60) -> ImportJob:
    """Do the job's work as its worker does, until it is done."""
    while not import_jobs.continue_import(job_id=job.pk, budget_s=budget_s):
        pass
    job.refresh_from_db()
    return job


def import_whole(
    client: Client, kind: str, text: str, **options: object
) -> ImportJob:
    """Return the import of a file, tried and done."""
    job = begin(client, kind, **options)
    send(client, job, text)
    tried = do_work(job)
    assert tried.state == "previewed", tried.problem
    client.post(page_of(job), {"do": "import"})
    return do_work(job)


def test_a_file_is_tried_shown_and_imported(client, monkeypatch) -> None:
    monkeypatch.setattr(import_jobs, "PART_BYTES", 100)
    job = begin(client, "own")
    bad = "p-9,No price,Men,,S-9,M,Red,1\n"
    send(client, job, HEADER + "".join(map(ROW.format, range(4))) + bad)
    assert job.parts.count() == 3
    assert OutboxEvent.objects.filter(task="products.continue_import").count() == 1
    tried = do_work(job)
    assert (tried.state, tried.created, tried.refused) == ("previewed", 4, 1)
    assert not Product.objects.exists()
    assert tried.new_categories == [["Men"], ["Men", "Shirts"]]
    page = client.get(page_of(job)).content.decode()
    assert (
        "4 new, 0 changed, 0 unchanged, 1 refused. Nothing is imported yet." in page
    )
    assert "Men > Shirts" in page
    assert '<td class="px-3 py-2">6</td>' in page, "the refused product's line"
    client.post(page_of(job), {"do": "import"})
    done = do_work(job)
    assert (done.state, done.created, done.refused) == ("imported", 4, 1)
    assert Product.objects.count() == 4
    assert not ImportPart.objects.exists(), "the file is not kept"
    address = reverse("admin:products_importjob_report", args=[job.pk])
    report = b"".join(client.get(address)).decode().splitlines()
    assert len(report) == 1 + 4 + 1
    assert "6,p-9,basePrice,refused" in "\n".join(report)


def test_a_killed_import_goes_on_and_counts_nothing_twice(
    client, monkeypatch
) -> None:
    monkeypatch.setattr(importer, "BATCH", 3)
    monkeypatch.setattr(
        import_jobs,
        "ImportOptions",
        lambda **given: importer.ImportOptions(batch=3, **given),
    )
    job = begin(client, "own")
    send(client, job, HEADER + "".join(map(ROW.format, range(10))))
    tried = do_work(job, budget_s=0)  # a step a run
    assert (tried.state, tried.created) == ("previewed", 10)
    client.post(page_of(job), {"do": "import"})
    job.refresh_from_db()
    assert not import_jobs.continue_import(job_id=job.pk, budget_s=0)
    job.refresh_from_db()
    assert (job.created, job.line, Product.objects.count()) == (3, 4, 3)

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:  # in the middle of a step
        patched.setattr(import_jobs._JobRun, "_write_lines", die)
        with pytest.raises(SystemExit):
            import_jobs.continue_import(job_id=job.pk, budget_s=0)
    assert Product.objects.count() == 3, "neither the products nor the count"
    done = do_work(job)
    assert (done.state, done.created, done.unchanged) == ("imported", 10, 0)
    assert done.kinds == {"created": 10}
    assert ImportLine.objects.filter(job=job).count() == 10


CUSTOMERS = "email,first name\nasha@b.example,Asha\nnot-an-address,X\n"
ORDERS = (
    "Name,Email,Total,Created at,Lineitem sku,Lineitem name,Lineitem quantity\n"
    "#1,asha@b.example,10.00,2026-01-01,A,Shirt,1\n#1,,,,B,Belt,2\n"
    "#2,asha@b.example,x,2026-01-02,A,Shirt,1\n"
)
DISCOUNTS = "code,type,value\nTEN,percentage,10\nBUY,buy_x_get_y,1\n"
REDIRECTS = "Redirect from,Redirect to\n/old,/p/new\n,/p/x\n"
OTHERS: dict[str, tuple[str, Callable[[], int]]] = {
    "customers": (CUSTOMERS, User.objects.filter(email="asha@b.example").count),
    "orders": (ORDERS, PastOrder.objects.count),
    "discounts": (DISCOUNTS, Coupon.objects.count),
    "redirects": (REDIRECTS, Redirect.objects.count),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_stands_in_rows_comes_in_too(kind, monkeypatch) -> None:
    monkeypatch.setattr(run, "UNITS_A_STEP", 1)
    text, count = OTHERS[kind]
    client = sign_in(role="admin")
    job = begin(client, kind)
    send(client, job, text)
    tried = do_work(job, budget_s=0)
    assert (tried.state, tried.created, tried.refused) == ("previewed", 1, 1)
    assert count() == 0
    client.post(page_of(job), {"do": "import"})
    done = do_work(job, budget_s=0)
    assert (done.state, done.created, done.refused) == ("imported", 1, 1)
    assert count() == 1
    refused = ImportLine.objects.get(job=job, kind="refused")
    assert refused.line == {"orders": 4}.get(kind, 3)
    if kind == "orders":
        assert len(PastOrder.objects.get().lines) == 2, "an order is not cut in two"


def test_reviews_come_in(client) -> None:
    factories.make_product(slug="shirt")
    factories.make_user(email="asha@b.example")
    text = "product,email,rating,body\nshirt,asha@b.example,5,Good\nnone,a@b.example,5,x\n"
    done = import_whole(client, "reviews", text)
    assert (done.created, done.refused, Review.objects.count()) == (1, 1, 1)


def test_any_csv_comes_by_a_mapping_and_a_wrong_one_is_refused_at_once(
    client,
) -> None:
    mapping = (
        'source = "old"\nkey = "nr"\n[columns]\nname = "titel"\nbasePrice = "preis"\n'
        '[templates]\nsku = "N-{nr}"\n[category]\nbelow = ["Neu"]\n'
    )
    file = SimpleUploadedFile("m.toml", mapping.encode())
    done = import_whole(
        client, "mapped", "nr;titel;preis\n7;Hemd;12.50\n", mapping=file
    )
    assert (done.state, done.created) == ("imported", 1)
    for wrong in (b"[[", b"key = 1", b"\xff"):
        file = SimpleUploadedFile("m.toml", wrong)
        answer = client.post(ADD, {"kind": "mapped", "mapping": file})
        assert answer.status_code == 422, answer.content
    assert client.post(ADD, {"kind": "mapped"}).status_code == 422
    assert (
        client.post(ADD, {"kind": "own", "encoding": "klingon"}).status_code == 422
    )
    assert ImportJob.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name\nShirt\n", "line 1: the column product is missing"),
        (HEADER + 'p,"Shirt\n', "this is not CSV"),
        (HEADER + "p,\udce9,Men,1.00,S,M,Red,1\n", "line 2: this is not UTF-8"),
    ],
    ids=["column", "quote", "encoding"],
)
def test_what_is_no_such_file_is_refused_with_its_line(client, text, says) -> None:
    job = begin(client, "own")
    content = text.encode(errors="surrogateescape")
    import_jobs.add_part(content, job_id=job.pk, number=0)
    import_jobs.begin_preview(job_id=job.pk, file_name="a.csv", size=len(content))
    done = do_work(job)
    assert done.state == "refused"
    assert says in done.problem
    assert "/tmp" not in done.problem  # noqa: S108 (what must not be told)
    assert says in client.get(page_of(job)).content.decode().replace("&#x27;", "'")
    assert not Product.objects.exists()
    assert not ImportPart.objects.exists()


def test_parts_that_are_lost_are_missed_and_those_that_are_there_not_taken_twice(
    client,
) -> None:
    job = begin(client, "own")

    def part(number: int, content: bytes = b"x") -> int:
        url = reverse("admin:products_importjob_part", args=[job.pk, number])
        kind = "application/octet-stream"
        return client.post(url, content, content_type=kind).status_code

    assert part(1) == 409
    assert part(0) == part(0) == part(1) == 200
    assert part(2, b"x" * (import_jobs.PART_BYTES + 1)) in (400, 409)
    assert import_jobs.count_bytes(job) == 2
    client.post(page_of(job), {"do": "preview", "name": "a.csv", "size": "3"})
    job.refresh_from_db()
    assert job.state == "uploading"
    assert "2&nbsp;bytes" in client.get(page_of(job)).content.decode().replace(
        "\xa0", "&nbsp;"
    )
    client.post(page_of(job), {"do": "preview", "name": "a.csv", "size": "2"})
    job.refresh_from_db()
    assert job.state == "previewing"
    assert part(2) == 409


def test_each_kind_is_for_those_who_may_do_it_by_hand() -> None:
    keeper, clerk, analyst = (
        sign_in(group) for group in ("catalogue", "orders", "analytics")
    )
    boss = sign_in(role="admin")
    job = begin(boss, "customers")
    for client, kinds in (
        (
            keeper,
            {"own", "shopify", "woocommerce", "mapped", "reviews", "redirects"},
        ),
        (clerk, {"orders", "discounts"}),
        (boss, set(ImportKind.values)),
    ):
        page = client.get(ADD).content.decode()
        assert {
            each for each in ImportKind.values if f'value="{each}"' in page
        } == kinds
        if client is not boss:
            assert client.post(ADD, {"kind": "customers"}).status_code == 422
            assert client.get(page_of(job)).status_code == 302, (
                "as if it were not there"
            )
            address = reverse("admin:products_importjob_report", args=[job.pk])
            assert client.get(address).status_code in (403, 404)
    assert analyst.get(ADD).status_code == 403
    url = reverse("admin:products_importjob_part", args=[job.pk, 0])
    assert analyst.post(url, b"x", content_type="text/csv").status_code == 403


def test_a_discarded_import_stops_and_keeps_what_has_come(
    client, monkeypatch
) -> None:
    monkeypatch.setattr(
        import_jobs,
        "ImportOptions",
        lambda **given: importer.ImportOptions(batch=2, **given),
    )
    job = begin(client, "own")
    send(client, job, HEADER + "".join(map(ROW.format, range(6))))
    do_work(job)
    client.post(page_of(job), {"do": "import"})
    assert not import_jobs.continue_import(job_id=job.pk, budget_s=0)
    client.post(page_of(job), {"do": "discard"})
    assert import_jobs.continue_import(job_id=job.pk, budget_s=0)
    job.refresh_from_db()
    assert (job.state, Product.objects.count()) == ("discarded", 2)
    assert not ImportPart.objects.exists()


def test_old_imports_go_and_who_is_erased_is_forgotten() -> None:
    boss = sign_in(role="admin")
    done = import_whole(boss, "customers", CUSTOMERS)
    kept = begin(boss, "own")
    left = begin(boss, "own")
    past = timezone.now() - import_jobs.KEEP_REPORT - import_jobs.KEEP_FILE
    ImportJob.objects.filter(pk=left.pk).update(updated_at=past)
    ImportLine.objects.create(
        job=done, line=9, kind="ignored", ref="Asha@b.example", message="12"
    )
    asha = User.objects.get(email="asha@b.example")
    by = factories.make_user(role="admin")
    client = ClientInfo()
    privacy.erase_customer(user_id=asha.pk, client=client, by=by)
    assert not ImportLine.objects.filter(ref__icontains="asha").exists()
    assert ImportLine.objects.filter(job=done).exists()
    assert import_jobs.delete_old_imports() == 1
    ImportJob.objects.filter(pk=done.pk).update(finished_at=past)
    assert import_jobs.delete_old_imports() == 1
    assert [each.pk for each in ImportJob.objects.all()] == [kept.pk]


def test_a_page_of_a_long_report_reads_no_more_than_it_shows(client) -> None:
    job = begin(client, "own")
    text = HEADER + "".join(map(ROW.format, range(250)))
    send(client, job, text)
    do_work(job)
    with connection.execute_wrapper(_Counted()) as counted:
        page = client.get(page_of(job) + "?show=created&p=3").content.decode()
    del counted
    assert page.count('data-kind="created"') == 50
    assert "Page 3 of 3" in page
    assert "250 created" in page


class _Counted:
    """Refuse a statement that would count the lines of the report."""

    def __call__(self, execute, sql, params, many, context):
        assert not ("COUNT(" in sql and "products_importline" in sql), sql
        return execute(sql, params, many, context)


def test_ids_are_strangers() -> None:
    client = sign_in("catalogue")
    stranger = UUID(int=7)
    url = reverse("admin:products_importjob_part", args=[stranger, 0])
    assert client.post(url, b"x", content_type="text/csv").status_code in (403, 404)
