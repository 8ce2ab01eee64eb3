"""The fronts that `deploy/` configures, run on loopback with those very files; only names,
ports and TLS differ.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from dev.stack import ROOT
from tests import services
from tests.deploy import servers

Front = Callable[[list[int]], AbstractContextManager[int]]


def need(name: str) -> str:
    """Return the program's path, or skip the test and say so."""
    found = servers.program(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {name}")
    return found


@contextmanager
def caddy(ports: list[int]) -> Iterator[int]:
    """Run Caddy before web servers on these ports; give its own port."""
    program, port = need("caddy"), services.free_port()
    with servers.folder() as home:
        own = {
            "SHOP_DOMAIN": f"http://:{port}",
            "HOME": str(home),
            "READ_BODY": "10s",
            "XDG_DATA_HOME": str(home),
        }
        own["WEB_SERVERS"] = " ".join(f"127.0.0.1:{each}" for each in ports)
        command = [
            program,
            "run",
            "--config",
            str(ROOT / "deploy/Caddyfile"),
            "--adapter",
            "caddyfile",
        ]
        with servers.server(
            ["env", *(f"{k}={v}" for k, v in own.items()), *command],
            log=home / "log",
        ):
            servers.await_port(port, log=home / "log")
            yield port


@contextmanager
def nginx(ports: list[int]) -> Iterator[int]:
    """Run nginx before web servers on these ports; give its own port."""
    program, port = need("nginx"), services.free_port()
    with servers.folder() as home:
        config = home / "nginx.conf"
        config.write_text(
            local_nginx((ROOT / "deploy/nginx.conf").read_text(), home, port, ports)
        )
        command = [
            program,
            "-c",
            str(config),
            "-p",
            str(home),
            "-e",
            str(home / "errors"),
        ]
        with servers.server(
            [*command, "-g", f"daemon off; pid {home}/pid;"], log=home / "log"
        ):
            servers.await_port(port, log=home / "errors")
            yield port


def local_nginx(text: str, home: Path, port: int, web_ports: list[int]) -> str:
    """Return deploy/nginx.conf for loopback: without TLS and port 80, its files in a folder
    of the test's own.
    """
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"\t{each}_temp_path {home}/{each};\n" for each in places)
    user = "user root;\n" if os.geteuid() == 0 else ""
    web = "".join(
        f"\t\tserver 127.0.0.1:{each} max_fails=1 fail_timeout=2s;\n"
        for each in web_ports
    )
    changes = [
        (r"\A", user),
        (r"^http \{\n", f"http {{\n{temporary}"),
        (r"^\tserver \{\n\t\tlisten 80 .*?\n\t\}\n", ""),
        (r"listen 443 ssl", f"listen 127.0.0.1:{port}"),
        (r"^\t\tssl_.*\n", ""),
        (r"(^\t\tserver web-\d:8000 .*\n)+", web),
        (r"access_log /dev/stdout", f"access_log {home}/access"),
    ]
    for pattern, new in changes:
        text, count = re.subn(
            pattern,
            new,
            text,
            count=0 if "ssl_" in pattern else 1,
            flags=re.MULTILINE | re.DOTALL
            if "listen 80" in pattern
            else re.MULTILINE,
        )
        assert count, f"deploy/nginx.conf no longer has {pattern}"
    return text


FRONTS: dict[str, Front] = {"caddy": caddy, "nginx": nginx}
