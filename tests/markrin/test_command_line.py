"""manage.py says in a line what is missing; a command that makes many requests stays readable."""

import os
import subprocess
import sys

import structlog

from markrin.observe import logs
from tests.docs.blocks import ROOT


def run_without_secret_key(*arguments: str) -> "subprocess.CompletedProcess[str]":
    env = {
        name: value for name, value in os.environ.items() if name != "SECRET_KEY"
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env | {"DEBUG": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_secret_key_it_says_so_and_shows_no_trace():
    done = run_without_secret_key("verify")
    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_needs_no_secret_key():
    done = run_without_secret_key("verify", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--only TEXT" in done.stdout


def test_lines_of_an_event_are_left_out_for_a_while(monkeypatch):
    written = []
    monkeypatch.setattr(logs.lines, "write", lambda line, **_: written.append(line))
    log = structlog.get_logger("test")
    with logs.without_lines("request"):
        log.info("request", path="/")
        log.info("other")
    log.info("request", path="/after")
    assert len(written) == 2
    assert b"other" in written[0]
    assert b"/after" in written[1]
