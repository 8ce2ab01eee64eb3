"""An import of staff's whose worker is killed with kill -9 in the middle of a transaction: another
worker finds it and brings it to its end, and nothing is lost or counted twice.
"""

import signal

import pytest
from django.db import connection, transaction

from dev import processes
from markrin.outbox.models import OutboxEvent
from products.importing import importer
from products.models import Category, ImportJob, ImportLine, Product
from products.models.import_job import ImportKind, ImportState
from products.services import import_jobs
from products.services.import_jobs import NewImport
from tests import factories, services

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

PRODUCTS = importer.BATCH + 100
HEADER = "product,name,category,basePrice,sku,size,color,stock\n"
ROW = "p-{0},Kestrel anorak {0},{1},100.00,KST-{0},M,Red,3\n"


def try_file() -> ImportJob:
    """Return an import whose file has been tried, and is to be imported."""
    staff = factories.make_user(role="staff", groups=("catalogue",))
    job_id = import_jobs.create_import(
        NewImport(kind=ImportKind.OWN), actor_id=staff.pk
    )
    factories.make_category(name="Outlet")
    rows = (
        ROW.format(number, "Anoraks" if number < importer.BATCH else "Outlet")
        for number in range(PRODUCTS)
    )
    content = (HEADER + "".join(rows)).encode()
    import_jobs.add_part(content, job_id=job_id, number=0)
    import_jobs.begin_preview(job_id=job_id, file_name="a.csv", size=len(content))
    assert import_jobs.continue_import(job_id=job_id, budget_s=60)
    OutboxEvent.objects.all().delete()  # what the preview's job would have been
    return ImportJob.objects.get(pk=job_id)


def is_waiting() -> bool:
    """Return whether another session of this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def end_lease() -> None:
    """Let the minutes pass for which the killed run has its job."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_event SET leased_until = now(), wake_at = now()"
            " WHERE state = 'running'"
        )
        assert cursor.rowcount == 1


def test_an_import_whose_worker_is_killed_is_finished_by_another_one() -> None:
    job = try_file()
    import_jobs.begin_import(job_id=job.pk)
    with services.relay():
        with transaction.atomic():
            # The worker waits for this row when it has written the second transaction's products.
            Category.objects.select_for_update().get(name="Outlet")
            with services.worker("inventory") as killed:
                assert processes.wait_for(is_waiting, seconds=120), killed.output()
                killed.signal(signal.SIGKILL)
                killed.process.wait(timeout=10)
        # Its session ends when it wants to say that it goes on.
        assert processes.wait_for(lambda: not is_waiting(), seconds=30)
        job.refresh_from_db()
        assert (job.state, job.created) == (ImportState.IMPORTING, importer.BATCH)
        assert Product.objects.count() == importer.BATCH
        end_lease()
        with services.worker("inventory") as other:

            def is_over() -> bool:
                job.refresh_from_db()
                return job.state != ImportState.IMPORTING

            assert processes.wait_for(is_over, seconds=120), other.output()
    assert (job.state, job.created, job.refused) == ("imported", PRODUCTS, 0)
    assert job.kinds == {"created": PRODUCTS}
    assert Product.objects.count() == PRODUCTS
    assert ImportLine.objects.filter(job=job).count() == PRODUCTS
    row = OutboxEvent.objects.get(task="products.continue_import")
    assert row.lost == 1
