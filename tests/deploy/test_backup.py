"""A shop backed up and restored elsewhere is the same shop: its rows, its pictures, and
nothing that `verify` minds.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from dev.stack import ROOT
from tests import services
from tests.deploy import servers
from tests.factories import make_order, make_product, make_variant

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        "ROLLING_ROUNDS" not in os.environ, reason="long: `make rolling` runs it"
    ),
]


@pytest.fixture
def empty_database() -> Iterator[str]:
    """Return the name of a new database on the tests' server."""
    name = f"{connection.settings_dict['NAME']}_restored"
    make, drop = (
        sql.SQL("CREATE DATABASE {}"),
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"),
    )
    for command in (drop, make):
        _maintain(command.format(sql.Identifier(name)))
    yield name
    _maintain(drop.format(sql.Identifier(name)))


def _maintain(command: sql.Composed) -> None:
    with psycopg.connect(
        host=_host(), user="markrin", dbname="postgres", autocommit=True
    ) as server:
        server.execute(command)


def _host() -> str:
    return str(connection.settings_dict["HOST"])


def _script(
    name: str, argument: Path, *, database: str, media: Path
) -> subprocess.CompletedProcess[str]:
    path = f"{Path(servers.pg('pg_dump')[0]).parent}:{os.environ['PATH']}"
    url = f"postgres://markrin@/{database}?host={_host()}"
    env = os.environ | {"PATH": path, "DATABASE_URL": url, "MEDIA_ROOT": str(media)}
    return subprocess.run(
        [f"deploy/{name}", str(argument)],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_restored_shop_passes_verify(empty_database: str, tmp_path: Path) -> None:
    make_order(
        variant=make_variant(product=make_product(name="Linen shirt"), stock=5)
    )
    media, elsewhere = tmp_path / "media", tmp_path / "elsewhere"
    (media / "products").mkdir(parents=True)
    (media / "products" / "shirt.jpg").write_bytes(b"picture")
    made = _script(
        "backup.sh",
        tmp_path / "backups",
        database=str(connection.settings_dict["NAME"]),
        media=media,
    )
    assert made.returncode == 0, made.stderr
    folder = Path(made.stdout.strip())
    assert {path.name for path in folder.iterdir()} == {
        "database.dump",
        "media.tar",
        "SHA256SUMS",
    }

    back = _script("restore.sh", folder, database=empty_database, media=elsewhere)
    assert back.returncode == 0, back.stderr
    assert (elsewhere / "products" / "shirt.jpg").read_bytes() == b"picture"
    again = _script("restore.sh", folder, database=empty_database, media=elsewhere)
    assert (again.returncode, "already" in again.stderr) == (1, True), (
        "never over another shop"
    )

    base = os.environ["DATABASE_URL"].rpartition("/")[0]
    env = {
        "DATABASE_URL": f"{base}/{empty_database}",
        "MEDIA_ROOT": str(tmp_path / "none"),
        "ALLOWED_HOSTS": "shop.test",
    }
    for command in (["migrate", "--check"], ["verify"]):
        with services.running("manage.py", *command, env=env) as one:
            assert one.process.wait(timeout=120) == 0, one.output()


def test_a_backup_cut_short_is_none(tmp_path: Path) -> None:
    made = _script(
        "backup.sh", tmp_path / "backups", database="nowhere", media=tmp_path
    )
    assert made.returncode != 0
    assert list((tmp_path / "backups").iterdir()) == []
