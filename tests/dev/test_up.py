"""`make up`: the port it takes, whom it names, and that nothing outlives it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from dev import processes, stack, up
from dev.processes import StackError
from dev.stack import ROOT


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_takes_the_next_port_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    with taken_port() as first:
        monkeypatch.setattr(up, "FIRST_PORT", first)
        with up._reserved_port() as port:
            assert first < port < first + up.PORTS_TRIED
            assert (
                capsys.readouterr().out
                == f"Port {first} is taken, using {port}. PORT=… chooses another.\n"
            )
            with up._reserved_port() as beside:
                assert beside > port  # a copy that starts at the same moment


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80.0"])
def test_port_must_be_one(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with (
        pytest.raises(
            StackError, match=f"PORT must be a number from 1 to 65535, not '{port}'"
        ),
        up._reserved_port(),
    ):
        pytest.fail("it was taken")


def test_a_port_asked_for_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken_port() as port:
        monkeypatch.setenv("PORT", str(port))
        with (
            pytest.raises(StackError, match=f"Port {port} on 127.0.0.1 is taken"),
            up._reserved_port(),
        ):
            pytest.fail("it was taken")


def test_names_the_people_whom_the_demo_makes(settings: object) -> None:
    from demo import people

    made = {
        "customer": people.CUSTOMER,
        "staff": people.STAFF,
        "admin": people.ADMIN,
    }
    assert made == up.DEMO_PEOPLE
    assert getattr(settings, "DEMO_PASSWORD", None) == up.DEMO_PASSWORD


def test_modules_are_compiled_once_and_not_beside_their_source(
    tmp_path: Path,
) -> None:
    """With PYTHONDONTWRITEBYTECODE each process compiled all of them at each start."""
    env = {"PYTHONDONTWRITEBYTECODE": "1"}
    up._settle(env, tmp_path, 8000)
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert env["PYTHONPYCACHEPREFIX"] == str(tmp_path / "pycache")
    untouched: dict[str, str] = {}
    up._settle(untouched, tmp_path, 8000)
    assert "PYTHONPYCACHEPREFIX" not in untouched


def test_what_npm_has_put_into_the_frontend_is_not_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand files kept each start waiting for a third of a second."""
    monkeypatch.setattr(up, "FRONTEND", tmp_path)
    for name in ("shop/src/main.ts", "shop/index.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("node_modules/a", "shop/node_modules/a", "shop/dist/a", "a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {str(path.relative_to(tmp_path)) for path in up._list_sources()}
    assert found == {"shop/src/main.ts", "shop/index.html"}


def test_imports_no_driver_before_it_has_started_anything() -> None:
    """They took three quarters of what `make up` did before its first process."""
    code = "import sys, dev.up; print({'psycopg', 'redis', 'urllib.request'} & {*sys.modules})"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout == "set()\n"


def left_of(home: Path) -> list[str]:
    """Return what runs and belongs to this folder: by its mark, or as a server of its data."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(up.MARK) == str(home) or str(home) in " ".join(
                process.cmdline()
            ):
                found.append(" ".join(process.cmdline()) or process.name())
        except psutil.Error:
            continue
    return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a LOCAL_DIR; what lies outside it, as PostgreSQL's user cannot enter it, goes
    as well.
    """
    folder = tmp_path / "up"
    yield folder
    stack.remove_outside(folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_serves_the_shop_and_leaves_nothing_however_it_ends(
    home: Path, tmp_path: Path
) -> None:
    assets = tmp_path / "built" / "assets"
    assets.mkdir(parents=True)
    (assets / "index-Dm5aNG_o.js").write_text("1")
    # The last one finds what SIGKILL has left. `make chaos` tries all of them.
    ends = [(signal.SIGKILL, up.ALL_RUN), (signal.SIGINT, up.IS_UP)]
    if os.environ.get("CHAOS"):
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP)
        ends = [(end, said) for end in numbers for said in (up.ALL_RUN, up.IS_UP)]
    for end, said in ends:
        log = tmp_path / f"{end.name} {said}"
        with started(home, log, said=said, storefront=assets.parent) as shop:
            url = (home / "up").read_text()
            with urllib.request.urlopen(  # noqa: S310 (our own)
                f"{url}/api/products?limit=1", timeout=60
            ) as answer:
                assert json.load(answer)["total"] > 100
            if said == up.ALL_RUN:
                assert len(left_of(home)) > 8
                text = log.read_text()
                assert text.index(up.IS_UP) < text.index("relay.1"), "web is first"
            shop.send_signal(end)
            shop.wait(timeout=60)
        assert (home / "media/storefront-assets/index-Dm5aNG_o.js").exists()
        assert "honcho/manager.py" not in log.read_text(), "its traceback"
        if end != signal.SIGKILL:
            assert processes.wait_for(lambda: not left_of(home), seconds=60), (
                end,
                left_of(home),
            )


@contextmanager
def started(
    home: Path, log: Path, *, said: str, storefront: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `make up`'s program until the block ends; it has said so much when entered."""
    ours = {
        "DATABASE_URL",
        "CACHE_URL",
        "CELERY_BROKER_URL",
        "PORT",
        "MARKRIN_TEST",
        "DJANGO_SETTINGS_MODULE",
        "TZ",
    }
    env = {name: value for name, value in os.environ.items() if name not in ours}
    # Only our own tools are on the path: without npm the storefront is left out, which has
    # tests of its own.
    env |= {
        "LOCAL_DIR": str(home),
        "STOREFRONT_DIR": str(storefront),
        "PATH": str(Path(sys.executable).parent),
        "PYTHONUNBUFFERED": "1",
    }
    with log.open("wb") as output:
        shop = subprocess.Popen(
            [sys.executable, "-m", "dev.up"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        assert processes.wait_for(
            lambda: shop.poll() is not None or said in log.read_text(),
            seconds=300,
        )
        assert shop.poll() is None, log.read_text()
        yield shop
    finally:
        shop.terminate()
        shop.wait(timeout=60)


def test_a_folder_with_a_space_is_one_word_in_every_command() -> None:
    """Beat got two words, died, and all of the shop with it."""
    for line in (ROOT / "Procfile").read_text().splitlines():
        for match in re.finditer(r"\$\{?\w+", line):
            assert line.count('"', 0, match.start()) % 2 == 1, (
                f"unquoted: {match[0]} in {line}"
            )


def test_a_full_disk_is_named_before_anything_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "LEAST_FREE_BYTES", 10**18)
    with pytest.raises(
        StackError, match=r"MB left, and 1000000000000 are needed\. Make room"
    ):
        up._check_room(tmp_path)


def test_a_database_that_cannot_be_used_is_told_in_a_line(tmp_path: Path) -> None:
    """As where the disk fills while the demo is loaded: the reason, and no traceback."""
    env = os.environ | {
        "DATABASE_URL": f"postgresql://markrin@/shop?host={tmp_path}",
        "LOCAL_DIR": str(tmp_path),
        "DEBUG": "1",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-m", "dev.prepare"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("markrin: the database: ")
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_named_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCAL_DIR", "/proc/nothing-can-be-made-here")
    monkeypatch.delenv("MAKELEVEL", raising=False)
    handlers = {number: signal.getsignal(number) for number in (2, 15, 1)}
    try:
        assert up.main() == 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("markrin: /proc/nothing-can-be-made-here: ")
    assert line.endswith("Set LOCAL_DIR to a folder that you may write to.")


def test_all_has_started_only_once_beat_runs(tmp_path: Path) -> None:
    begun = time.time()
    assert not up._beat_runs(tmp_path, begun)
    (tmp_path / "beat-schedule.db").touch()
    assert up._beat_runs(tmp_path, begun - 1)
    assert not up._beat_runs(tmp_path, begun + 60), "that of an earlier run"
