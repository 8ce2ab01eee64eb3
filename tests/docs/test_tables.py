"""Tables of the pages that stand beside something declared hold all of it, and nothing else."""

import re

from celery.schedules import crontab

from celery_app import app
from orders.models.ledger import ACCOUNTS
from tests.docs.blocks import ROOT


def test_the_clocks_table_is_the_schedule():
    rows = re.findall(
        r"^\| ([\d:]+(?: s| min| h)?) \| `([\w.]+)` \|",
        (ROOT / "docs/jobs.md").read_text(),
        re.MULTILINE,
    )
    schedule = app.conf.beat_schedule
    assert {(task, when) for when, task in rows} == {
        (name.partition(":")[0], write_schedule(entry["schedule"]))
        for name, entry in schedule.items()
    }


def write_schedule(schedule: float | crontab) -> str:
    """Return a period or a time of the day as the page has it."""
    if isinstance(schedule, crontab):
        # the stubs do not know them
        (hour,), (minute,) = (vars(schedule)[name] for name in ("hour", "minute"))
        return f"{hour}:{minute:02}"
    for seconds, unit in ((3600, "h"), (60, "min")):
        if schedule % seconds == 0:
            return f"{schedule // seconds:.0f} {unit}"
    return f"{schedule} s"


def test_the_table_of_accounts_is_the_ledgers():
    text = (ROOT / "docs/money.md").read_text()
    (table,) = re.findall(r"^\| account \|.*?\n\n", text, re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([a-z_]+)(?::\w+)?`", table)
    assert set(named) == set(ACCOUNTS)


def test_every_file_of_the_browser_tests_is_in_its_table():
    text = (ROOT / "docs/frontend.md").read_text()
    (table,) = re.findall(r"^\| file \|.*?\n\n", text, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(test_\w+\.py)`", table)) == {
        path.name for path in (ROOT / "tests/browser").glob("test_*.py")
    }
