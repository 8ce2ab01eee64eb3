"""The shop's containers without the container: docker-entrypoint.sh, run here."""

import os
import signal
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from dev import processes
from dev.stack import ROOT, path_with_tools
from tests import services


class Part:
    """A container of the shop, as docker-entrypoint.sh makes it, without the container."""

    def __init__(self, home: Path, env: dict[str, str], *role: str) -> None:
        self.home, self.role = home, role
        self.env = (
            services.environment()
            | env
            | {"PATH": path_with_tools(), "ROLE_FILE": str(home / uuid4().hex)}
        )
        self.start()

    def start(self) -> None:
        self.log = self.home / f"{uuid4().hex[:8]}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                ["./docker-entrypoint.sh", *self.role],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def restart(self) -> int:
        """End it as `docker stop` does and start it anew; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.start()
        return code

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


class Web(Part):
    def __init__(
        self, home: Path, env: dict[str, str], *, drain_s: int = 3
    ) -> None:
        self.port = services.free_port()
        own = {
            "PORT": str(self.port),
            "WEB_HOST": "127.0.0.1",
            "WEB_DRAIN_S": str(drain_s),
            "WEB_THREADS": "4",
        }
        super().__init__(
            home,
            env | own | {"DRAIN_FILE": str(home / f"drain-{self.port}")},
            "web",
        )

    def await_ready(self) -> None:
        up = processes.wait_for(lambda: live(self.port), seconds=120)
        assert up, self.log.read_text()[-3000:]


def live(port: int) -> bool:
    with (
        suppress(OSError),
        urllib.request.urlopen(
            f"http://127.0.0.1:{port}/health/live", timeout=3
        ) as answer,
    ):
        return bool(answer.status == 200)
    return False
