"""`make year`: a made-up year of trade through both providers, and whether all amounts are equal
at its end. `python -m tests.year --orders 60 --days 365` plays a short one.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from dev.processes import own_folder
from dev.stack import ROOT, Stack, local_dir
from tests.year.clock import Clock, build_environment, find_library

BEGINS = datetime(2025, 7, 1, 2, 30, tzinfo=UTC)  # eight o'clock in India


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.year", description=__doc__
    )
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=16)
    wanted = parser.parse_args()
    library = find_library()
    if library is None:
        sys.exit("libfaketime is not installed: apt-get install faketime")
    home = own_folder(local_dir() / "year")
    _stop_servers(home / "test")
    with tempfile.TemporaryDirectory(prefix="markrin-year-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        file = Path(folder) / "offset"
        Clock(file).set_offset(int(BEGINS.timestamp() - time.time()))
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(
                ("PYTEST_", "MARKRIN_TEST", "DATABASE_URL", "CACHE_URL")
            )
            and name
            not in ("CELERY_BROKER_URL", "KEEP_SERVICES", "COV_CORE_SOURCE")
            # pytest sets it: with it, the play would read the settings before its servers start
            and name != "DJANGO_SETTINGS_MODULE"
        }
        env = inherited | build_environment(library, file) | {
            "LOCAL_DIR": str(home),
            "YEAR_ORDERS": str(wanted.orders),
            "YEAR_DAYS": str(wanted.days),
            "YEAR_SEED": str(wanted.seed),
            "SHOP_TAX_ID": "29AAGCB7383J1Z4",
            "SHOP_ADDRESS": "1 Bazaar Road, Bengaluru 560001",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LOG_LEVEL": "CRITICAL",
        }  # fmt: skip
        command = [
            sys.executable, "-m", "pytest", "-q", "-s", "-n0", "-p", "no:randomly", "-p",
            "no:cacheprovider", "--timeout", "0", "tests/year/play.py",
        ]  # fmt: skip
        return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def _stop_servers(home: Path) -> None:
    """Stop what a killed run has left: those servers live by a clock that is gone."""
    if home.exists():
        Stack(home, durable=False).stop()


if __name__ == "__main__":
    sys.exit(main())
