"""The Procfile's processes: web before the rest, and all of them end together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import procfile, stack
from dev.processes import wait_for

PROCFILE = """\
web: exec sleep 600
relay: exec sleep 600
email: exec sleep 600
dies: exec sh -c "exit 3"
"""


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[procfile.Processes]:
    (tmp_path / "Procfile").write_text(PROCFILE)
    monkeypatch.setattr(procfile, "ROOT", tmp_path)
    env = {"LOCAL_DIR": str(tmp_path), "PATH": stack.path_with_tools()}
    processes = procfile.Processes(env, before_each=lambda: None)
    yield processes
    processes.end()


def test_the_rest_is_every_line_but_web() -> None:
    rest = procfile.list_others()
    assert "web" not in rest
    assert {"relay", "email", "beat"} <= {*rest}


def test_one_that_dies_ends_those_of_the_other_start(
    shop: procfile.Processes,
) -> None:
    shop.start("web")
    assert wait_for(shop._honchos[0].has_started_all, seconds=30)
    assert not shop.has_ended()
    shop.start("relay", "dies")
    assert wait_for(shop.has_ended, seconds=30)
    shop.end()
    assert all(honcho.has_ended() for honcho in shop._honchos)


def test_what_is_still_starting_is_ended_in_order(
    shop: procfile.Processes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Told before it has started all, honcho fails and leaves the others."""
    shop.start("web", "relay", "email")
    shop.end()
    said = capfd.readouterr()
    assert "Traceback" not in said.err
    assert said.out.count("stopped (rc=-15)") == 3
