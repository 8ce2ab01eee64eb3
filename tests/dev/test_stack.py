"""The local servers: shared, stopped by the last to go, back after a kill."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from dev import processes, stack
from dev.processes import StackError
from dev.stack import Stack


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder for servers: each test starts and stops its own, on what the one
    before has left.
    """
    folder = tmp_path_factory.mktemp("stack") / "home"
    yield folder
    stack.remove_outside(folder)


def query(one: Stack, text: str) -> list[tuple[object, ...]]:
    assert one.postgres
    # only strings
    with psycopg.connect(
        autocommit=True,
        **one.postgres.connection(),  # type: ignore[arg-type]
    ) as connection:
        cursor = connection.execute(text)
        return cursor.fetchall() if cursor.description else []


def pids(one: Stack) -> list[int]:
    assert one.postgres
    assert one.valkey
    known = [one.postgres.pid(), one.valkey.pid()]
    return [pid for pid in known if pid]


def test_the_last_one_to_leave_stops_the_servers(home: Path) -> None:
    first, second = Stack(home, durable=False), Stack(home, durable=False)
    first.enter()
    running = pids(first)
    second.enter()
    assert pids(second) == running
    first.leave()
    assert query(second, "SELECT 1") == [(1,)]
    second.leave()
    assert len(running) == 2
    assert all(processes.gone(pid) for pid in running)


def test_comes_back_after_a_kill_with_what_was_committed(home: Path) -> None:
    killed = Stack(home)
    killed.enter()
    query(killed, "CREATE TABLE kept AS SELECT 42 AS answer")
    for pid in pids(killed):
        processes.stop(pid, signal.SIGKILL, seconds=10)
    assert not pids(killed)
    # The number of a dead server may belong to anybody by now: to us, here.
    assert killed.postgres
    (killed.postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n")

    again = Stack(home)
    again.enter()
    assert query(again, "SELECT answer FROM kept") == [(42,)]
    again.leave()
    killed.leave()


def test_a_path_too_long_for_a_socket_gets_a_short_one(home: Path) -> None:
    deep = home / ("x" * 60) / ("y" * 60)
    one = Stack(deep, durable=False)
    one.enter()
    try:
        assert query(one, "SELECT current_user") == [("markrin",)]
        assert (
            len(os.fsencode(processes.socket_folder(deep)))
            < processes.SOCKET_FOLDER_BYTES
        )
    finally:
        one.leave()
        stack.remove_outside(deep)


def test_valkey_never_evicts_a_queue(home: Path) -> None:
    one = Stack(home, durable=False, database=False)
    one.enter()
    assert one.valkey
    with redis.Redis.from_url(one.valkey.cache_url(0)) as client:
        assert client.config_get("maxmemory-policy") == {
            "maxmemory-policy": "volatile-lru"
        }
        assert client.config_get("port") == {"port": "0"}
    one.leave()


def test_the_database_sorts_and_folds_case_alike_everywhere(home: Path) -> None:
    one = Stack(home, durable=False, valkey=False)
    one.enter()
    assert query(
        one, "SELECT lower('ÉTÉ'), to_tsvector('simple', 'ÉTÉ')::text"
    ) == [("été", "'été':1")]
    one.leave()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StackError, match=r"taken: File exists\. Set LOCAL_DIR"):
        Stack(tmp_path / "taken")


def test_secrets_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    made = stack.kept_secrets(tmp_path)
    assert stack.kept_secrets(tmp_path) == made
    (key,) = json.loads(made["JWT_KEYS"])
    assert len(key["secret"]) >= 32
    assert len(made["SECRET_KEY"]) >= 50
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_an_address_given_from_outside_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path / "none"))
    given = {
        "DATABASE_URL": "postgres://db.test/shop",
        "CACHE_URL": "redis://c.test/0",
        "CELERY_BROKER_URL": "amqp://b.test",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with stack.development() as env:
        assert given.items() <= env.items()
        assert not list((tmp_path / "none").glob("*.log"))  # nothing was started


def test_modules_are_compiled_once_also_where_none_may_lie_beside_its_source(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "module.py").write_text("")
    env = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(source)}
    processes.keep_compiled(env, tmp_path)
    subprocess.run([sys.executable, "-c", "import module"], env=env, check=True)
    assert len([*(tmp_path / "pycache").rglob("module.*.pyc")]) == 1
    assert [path.name for path in source.iterdir()] == ["module.py"]
