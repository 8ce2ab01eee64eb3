"""A few days of the made-up year, as `make year` plays it: all processes live by a moved clock."""

import subprocess
import sys

import pytest

from dev.stack import ROOT
from tests.year.clock import find_library

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_library() is None, reason="faketime is not installed"),
]


def test_a_week_of_trade_ends_without_a_difference():
    """Provider = ledger = invoices = reports; a backup taken in the middle is whole as well."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.year", "--orders", "30", "--days", "6"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-6000:]
    assert "restored: {'verify': 0, 'reconcile': 0}" in said
    assert "open differences: 0" in said
    assert "verify: 0 breaches" in said
    assert said.count("difference 0.00") == 7
