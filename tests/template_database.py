"""A database with the migrations in it, which each process of a run copies for itself.

The migrations take thirteen seconds of a processor, a copy half a second.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

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
def _server_cursor() -> Iterator[psycopg.Cursor]:
    """Give a cursor outside the test database, for what concerns whole databases.

    By psycopg itself: Django asks a new connection for types of the database that settings name,
    which is not there yet.
    """
    known = connection.get_connection_params()
    wanted = {
        name: known[name]
        for name in ("host", "port", "user", "password")
        if name in known
    }
    with (
        psycopg.connect(dbname=ROLE, autocommit=True, **wanted) as server,
        server.cursor() as cursor,
    ):
        yield cursor


def _exists(name: str) -> bool:
    with _server_cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)", [name]
        )
        (found,) = cursor.fetchone() or (False,)
        return bool(found)


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
    with _server_cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(half), sql.Identifier(name)
            )
        )
