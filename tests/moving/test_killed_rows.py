"""Imports of rows that are killed: a hundred rows are there or none of them, the next run goes on,
and a bad row among the hundred is refused alone.
"""

import signal
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Address, User
from dev import processes
from orders.models import PastOrder
from products.importing.row_files import RowReport, handle_unit
from tests import services
from tests.factories import make_user

ROWS = 350
BAD = 50  # in the middle of the first hundred
CUSTOMERS = (
    (
        "Email,First Name,Default Address Address1,Default Address City,"
        "Default Address Province Code,Default Address Country Code,Default Address Zip,"
        "Default Address Phone\n"
    ),
    "buyer{0}@example.com,Asha,{0} MG Road,Pune,MH,IN,411001,+919876543210\n",
    "buyer at example,Asha,1 MG Road,Pune,MH,IN,411001,+919876543210\n",
)
ORDERS = (
    "Name,Email,Currency,Total,Created at,Lineitem sku,Lineitem name,Lineitem quantity\n",
    "#{0},buyer{0}@example.com,INR,50.00,2024-05-01 10:00:00 +0530,A-1,Hat,1\n",
    "#bad,buyer@example.com,R1,50.00,2024-05-01 10:00:00 +0530,A-1,Hat,1\n",
)
KINDS: dict[str, tuple[tuple[str, str, str], Callable[[], int]]] = {
    "import_customers": (CUSTOMERS, User.objects.count),
    "import_orders": (ORDERS, PastOrder.objects.count),
}


def write_file(path: Path, texts: tuple[str, str, str]) -> Path:
    header, row, bad = texts
    rows = [bad if number == BAD else row.format(number) for number in range(ROWS)]
    path.write_text(header + "".join(rows), "utf-8")
    return path


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", KINDS)
def test_a_killed_import_of_rows_goes_on(command: str, tmp_path: Path) -> None:
    texts, count = KINDS[command]
    path = write_file(tmp_path / "rows.csv", texts)
    with services.running(
        "manage.py", command, str(path), env={"DEBUG": "1"}
    ) as run:
        assert processes.wait_for(
            lambda: run.process.poll() is not None or count() >= 99, seconds=120
        )
        run.signal(signal.SIGKILL)
        run.process.wait(timeout=10)
        assert processes.wait_for(_is_alone, seconds=30), "its server process ends"
        there = count()
    assert 99 <= there < ROWS - 1, run.output()
    assert (there + 1) % 100 == 0, "a hundred rows, the bad one among them, or none"
    out = StringIO()
    call_command(command, str(path), stdout=out)
    created = ROWS - 1 - there
    says = f"created {created:,}, changed 0, unchanged {there:,}, refused 1."
    assert says in out.getvalue()
    assert f"line {BAD + 2}: " in out.getvalue()
    assert count() == ROWS - 1
    if command == "import_customers":
        assert Address.objects.count() == ROWS - 1, "an account has its address"


def _is_alone() -> bool:
    """Return whether no other connection has a transaction in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND xact_start IS NOT NULL"
        )
        return bool(cursor.fetchone() == (0,))


BROKEN = {
    "currency": ("#9,,R1,50.00,2024-05-01,A,Hat,1\n", "past_order_currency"),
    "total": (
        "#9,,INR,99999999999999,2024-05-01,A,Hat,1\n",
        "numeric field overflow",
    ),
    "date": ("#9,,INR,50.00,yesterday,A,Hat,1\n", "'yesterday' is no moment"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BROKEN)
def test_what_the_database_refuses_is_refused_alone(
    name: str, tmp_path: Path
) -> None:
    header, row, _ = ORDERS
    bad, says = BROKEN[name]
    path = tmp_path / "rows.csv"
    path.write_text(header + row.format(1) + bad + row.format(2), "utf-8")
    out = StringIO()
    call_command("import_orders", str(path), stdout=out)
    assert "created 2, changed 0, unchanged 0, refused 1." in out.getvalue()
    assert "line 3: #9: " in out.getvalue()
    assert says in out.getvalue()
    numbers = PastOrder.objects.values_list("number", flat=True)
    assert set(numbers) == {"#1", "#2"}


@pytest.mark.django_db
def test_who_registers_while_the_row_is_read_is_found() -> None:
    tries = 0

    def work(found: RowReport) -> None:
        nonlocal tries
        tries += 1
        found.note(2, "asha@example.com", "ignored", "told once")
        if tries == 1:  # looked before the other had committed
            User.objects.create_user("asha@example.com", name="Asha")
        found.unchanged += 1

    make_user(email="asha@example.com")
    report = RowReport()
    with transaction.atomic():
        handle_unit(report, 2, "asha@example.com", work, dry_run=False)
    assert (tries, report.unchanged, report.refused) == (2, 1, 0)
    assert report.kinds == {"ignored": 1}
