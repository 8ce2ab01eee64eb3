"""docker-entrypoint.sh as a container runs it: what each role starts, how it ends, what its
health check says.
"""

import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dev import web_server
from dev.processes import wait_for
from dev.stack import ROOT
from markrin.outbox import heartbeats
from tests.deploy.parts import Part, Web, live

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("name", ["docker-entrypoint.sh", "Procfile"])
def test_the_web_server_is_started_as_the_tests_start_it(name: str) -> None:
    text = (ROOT / name).read_text()
    text = re.sub(r"\$\{WEB_BACKPRESSURE:-(\d+)\}", r"\1", text).replace('"', "")
    words = text[text.index("-m granian") : text.index(web_server.SHOP)].split()
    options = web_server.SHOP_OPTIONS
    pairs = [(one, two) for one, two in pairwise(options) if one.startswith("--")]
    for option, value in pairs:
        assert option in words, option
        if not value.startswith("--"):
            assert words[words.index(option) + 1] == value, option


def healthy(part: Part) -> bool:
    """Return what the image's HEALTHCHECK says."""
    told = subprocess.run(
        ["./docker-entrypoint.sh", "healthy"],
        cwd=ROOT,
        env=part.env,
        check=False,
        capture_output=True,
    )
    return told.returncode == 0


def test_web_serves_on_while_it_drains_and_ends_with_0(tmp_path: Path) -> None:
    web = Web(tmp_path, {"ALLOWED_HOSTS": "127.0.0.1"}, drain_s=8)
    failed: list[str] = []
    ended = threading.Event()
    asked = [0]

    def visit() -> None:
        while not ended.is_set():
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{web.port}/api/categories", timeout=60
                ) as answer:
                    json.load(answer)
            except OSError as exc:
                failed.append(repr(exc))
            asked[0] += 1
            time.sleep(0.02)

    try:
        web.await_ready()
        assert healthy(web)
        visitor = threading.Thread(target=visit)
        visitor.start()
        web.process.send_signal(signal.SIGTERM)
        assert wait_for(lambda: not live(web.port), seconds=8), (
            "it says that it drains"
        )
        before = asked[0]
        assert wait_for(lambda: asked[0] > before + 1, seconds=8), (
            "and serves meanwhile"
        )
        ended.set()
        visitor.join()
        assert failed == []
        assert not healthy(web)
        assert web.process.wait(timeout=60) == 0
    finally:
        ended.set()
        web.kill()


def test_a_relay_is_healthy_once_it_has_been_seen() -> None:
    with pytest.raises(CommandError, match="the relay was last seen never"):
        call_command("worker_alive", "--relay")
    heartbeats.record_heartbeat("relay")
    call_command("worker_alive", "--relay")


def test_beat_is_healthy_while_it_saves_its_times(tmp_path: Path) -> None:
    schedule = tmp_path / "schedule"
    beat = Part(tmp_path, {"BEAT_SCHEDULE": str(schedule)}, "beat")
    try:
        assert wait_for(lambda: healthy(beat), seconds=120), beat.log.read_text()

        def hangs() -> bool:  # it may still be writing its first times
            for file in tmp_path.glob("schedule*"):
                os.utime(file, (time.time() - 660,) * 2)
            return not healthy(beat)

        assert wait_for(hangs, seconds=60)
        beat.process.send_signal(signal.SIGTERM)
        assert beat.process.wait(timeout=60) == 0
    finally:
        beat.kill()


@pytest.mark.parametrize(
    ("role", "said"), [("wbe", "unknown role 'wbe'"), ("worker", "which queue?")]
)
def test_says_what_it_does_not_know(role: str, said: str, tmp_path: Path) -> None:
    told = subprocess.run(
        ["./docker-entrypoint.sh", role],
        cwd=ROOT,
        env={**os.environ, "ROLE_FILE": str(tmp_path / "role")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 2
    assert said in told.stderr
