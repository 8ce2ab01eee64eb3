"""A database with the migrations in it, which each process of a run copies for itself.

The migrations take thirteen seconds of a processor, a copy half a second.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.db.backends.utils import CursorWrapper

from dev.postgres import ROLE
from dev.processes import locked
from tests import services


def is_ours() -> bool:
    """Return whether the tests have their own server, and its databases go with the run."""
    return not (services.KEEP or os.environ.get("TEST_DATABASE_URL"))


def provide() -> None:
    """Make the template unless another process of this run has, and let Django copy it: whatever
    makes the test database next finds every table there and runs no migration.
    """
    known = json.loads(os.environ["MARKRIN_TEST"])
    name = services.template_name(known["slot"])
    with locked(Path(known["home"]) / f"template{known['slot']}"):
        if not _exists(name):
            _migrate(name)
    connection.settings_dict["TEST"] |= {"TEMPLATE": name, "MIGRATE": False}


@contextmanager
def _server_cursor() -> Iterator[CursorWrapper]:
    """Give a cursor outside the test database, for what concerns whole databases."""
    server = connection.copy()
    server.settings_dict["NAME"] = ROLE
    try:
        with server.cursor() as cursor:
            yield cursor
    finally:
        server.close()


def _exists(name: str) -> bool:
    with _server_cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)", [name]
        )
        return bool(cursor.fetchone()[0])


def _migrate(name: str) -> None:
    own = connection.settings_dict["NAME"]
    tests = connection.settings_dict["TEST"]
    wanted = tests["NAME"]
    # Under another name until it is whole: a process that is killed leaves no half template.
    half = f"{name}_half"
    tests["NAME"] = half
    try:
        connection.creation.create_test_db(
            verbosity=0, autoclobber=True, serialize=False
        )
    finally:
        connection.close()
        tests["NAME"] = wanted
        connection.settings_dict["NAME"] = own
    quote = connection.ops.quote_name
    with _server_cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {quote(half)} RENAME TO {quote(name)}")
