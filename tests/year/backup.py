"""A backup of the shop as it stands, restored into a database beside it and looked at."""

import os
import subprocess
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

from dev.stack import ROOT
from tests import services
from tests.deploy.servers import pg


def prove_backup(folder: Path, env: dict[str, str]) -> dict[str, int]:
    """Return with which code `verify` and `reconcile` end in a restored copy of the shop."""
    name = f"{connection.settings_dict['NAME']}_restored"
    remove = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
        sql.Identifier(name)
    )
    _maintain(remove)
    _maintain(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        own = str(connection.settings_dict["NAME"])
        kept = _run(
            "backup.sh", folder / "backups", database=own, media=folder / "media"
        )
        _run("restore.sh", Path(kept), database=name, media=folder / "restored")
        base = os.environ["DATABASE_URL"].rpartition("/")[0]
        copy = env | {"DATABASE_URL": f"{base}/{name}", "ONLINE_PROVIDER": "stripe"}
        return {what: _manage(what, copy) for what in ("verify", "reconcile")}
    finally:
        _maintain(remove)


def _manage(command: str, env: dict[str, str]) -> int:
    with services.running("manage.py", command, env=env) as one:
        code = one.process.wait(timeout=3600)
        assert code == 0, one.output()[-3000:]
        return code


def _run(name: str, argument: Path, *, database: str, media: Path) -> str:
    media.mkdir(exist_ok=True)
    programs = Path(pg("pg_dump")[0]).parent
    host = connection.settings_dict["HOST"]
    env = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "DATABASE_URL": f"postgres://markrin@/{database}?host={host}",
        "MEDIA_ROOT": str(media),
    }
    done = subprocess.run(
        [f"deploy/{name}", str(argument)],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _maintain(command: sql.Composed) -> None:
    host = str(connection.settings_dict["HOST"])
    with psycopg.connect(
        host=host, user="markrin", dbname="postgres", autocommit=True
    ) as server:
        server.execute(command)
