"""`python -m tests.chaos.small_disk FOLDER`: sell while PostgreSQL's disk, a small tmpfs,
is full; print what was seen.

Runs in a mount namespace of its own, which test_disk_full.py makes.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from dev.postgres import Postgres
from dev.processes import own_folder

SIZE = "512m"
FULL_S = 8


def main(folder: Path) -> None:
    """Mount, load, sell, fill, free, sell on, count."""
    where = Postgres(own_folder(folder), durable=True)
    # settles where its data are to lie: elsewhere, if its user cannot enter this folder
    where.stop()
    disk = where.data.parent
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "none", str(disk)],
        check=True,
    )
    server = Postgres(folder, durable=True)
    server.start()
    try:
        os.environ["DATABASE_URL"] = server.url()
        os.environ["DJANGO_SETTINGS_MODULE"] = "markrin.settings"
        sys.stdout.write(json.dumps(sell(server, disk / "ballast")) + "\n")
    finally:
        server.stop()


def sell(server: Postgres, ballast: Path) -> dict[str, object]:
    """Return what was seen: see the keys."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from orders.models import Order
    from tests.chaos.shop import Shop, false_promises, statuses, unsettled
    from tests.chaos.shop_processes import start_processes
    from tests.chaos.table import verify

    with start_processes() as processes, Shop(processes) as shop:
        shop.open(workers=2)
        shop.rush(20)
        seconds, restarts = 0.0, 0
        with shop.selling(most=4000) as answers:
            for turn in range(2):
                time.sleep(2)
                began = time.monotonic()
                fill(ballast)
                if turn:
                    use_up_the_log(server)
                time.sleep(FULL_S)
                ballast.unlink()
                seconds += time.monotonic() - began
                # What filled PostgreSQL's log of changes has stopped it: whoever makes room
                # starts it again.
                restarts += server.pid() is None
                server.start()
                connection.close()
                time.sleep(3)
        said = statuses(answers)
        shop.settle(answers)
        return {
            "seconds": seconds,
            "restarts": restarts,
            "statuses": said,
            "carts": len(answers) + 20,
            "orders": Order.objects.count(),
            "false": false_promises(answers),
            "strange": sum(each.status not in (201, 503) for each in answers)
            + ("503" not in said),
            "unsettled": unsettled(len(answers) + 20),
            "verify": verify(),
        }


def use_up_the_log(server: Postgres) -> None:
    """Make PostgreSQL ask for new files of its log (WAL) until there is none: it stops in a
    panic.
    """
    with (
        suppress(psycopg.Error),
        # only strings
        psycopg.connect(**server.connection("postgres"), autocommit=True) as link,  # type: ignore[arg-type]
    ):
        for _ in range(40):
            link.execute(
                "SELECT pg_logical_emit_message(false, 'chaos', 'full'), pg_switch_wal()"
            )


def fill(ballast: Path) -> None:
    """Take all the space that is left."""
    block = b"\0" * (1 << 16)
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(block)
        except OSError:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
