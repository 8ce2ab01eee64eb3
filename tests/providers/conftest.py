"""A server that takes webhooks, and stand-ins as processes of their own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest


class Receiver:
    """Takes what it is told; `answers` are the statuses of the next answers, then 200."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.got.append(
                    json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                )
                self.send_response(
                    receiver.answers.pop(0) if receiver.answers else 200
                )
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"


@pytest.fixture
def httpd() -> Iterator[Receiver]:
    receiver = Receiver()
    Thread(target=receiver.server.serve_forever, args=[0.02], daemon=True).start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def process() -> Iterator[Callable[..., str]]:
    """Start `python -m tests.providers …` and return its address."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> str:
        one = subprocess.Popen(
            [sys.executable, "-m", "tests.providers", *words],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(one)
        assert one.stdout is not None
        return one.stdout.readline().strip()

    yield start
    for one in started:
        one.terminate()
        one.wait(30)
        assert one.stdout is not None
        one.stdout.close()
