"""PostgreSQL's disk fills while people buy: nothing is promised that is not kept, and
nothing is half done after.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dev.stack import ROOT
from tests.chaos.table import Record

pytestmark = pytest.mark.slow


def namespace() -> list[str] | None:
    """Return what runs a command where it may mount a small disk, seen by nobody else; None
    where that is forbidden.
    """
    user = (
        [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    )
    command = ["unshare", *user, "--mount", "--propagation", "private"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            tried = subprocess.run(
                [*command, "mount", "-t", "tmpfs", "-o", "size=1m", "none", folder],
                check=False,
                capture_output=True,
            )
        except FileNotFoundError:
            return None
    return command if tried.returncode == 0 else None


@pytest.mark.timeout(600)
def test_disk_full(hold: Record) -> None:
    command = namespace()
    if command is None:
        pytest.skip(
            "a small disk needs util-linux' unshare and a kernel that lets this user mount a tmpfs"
        )
    done = subprocess.run(
        [
            *command,
            sys.executable,
            "-m",
            "tests.chaos.small_disk",
            str(Path(os.environ["LOCAL_DIR"]) / "small"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=580,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    counted = (
        f"disk full for {seen['seconds']:.0f} s, {seen['restarts']} restarts of PostgreSQL;"
        f" {seen['statuses']}; after "
        f"space was back: {seen['orders']} orders for {seen['carts']} carts, verify said"
        f" {len(seen['verify'])} things"
    )
    hold(
        "disk full for PostgreSQL",
        2,
        "no false 201; verify is clean",
        counted,
        seen["false"] + len(seen["verify"]),
    )
    hold(
        "disk full for PostgreSQL",
        2,
        "503 while it is full, 201 after",
        counted,
        seen["strange"] + seen["unsettled"],
    )
