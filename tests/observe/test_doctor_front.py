"""`manage.py doctor --front`: it passes our own fronts, and names what is open behind a
careless one.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import StringIO

import pytest
from django.core.management import call_command

from markrin.ops.doctor import front
from tests import services
from tests.deploy import fronts, servers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

ENV = {
    "ALLOWED_HOSTS": "shop.test,127.0.0.1",
    "TRUSTED_PROXIES": "127.0.0.1",
    "METRICS_NETWORKS": "127.0.0.0/8",
    "REQUEST_BODY_S": "3",
}

CARELESS = """
http {
    access_log off;
    underscores_in_headers on;
    server {
        listen 127.0.0.1:%(port)d;
        client_header_timeout 600s;
        location / {
            proxy_pass http://127.0.0.1:%(web)d;
            proxy_request_buffering off;
            proxy_set_header Host shop.test;
            proxy_set_header X-Forwarded-For $http_x_real_ip;
        }
    }
}
"""


@pytest.fixture
def web(transactional_db: None) -> Iterator[int]:
    with services.web(env=ENV) as running:
        yield int(running.url.rpartition(":")[2])


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], tuple[int, str]]:
    """Return a function that looks at the front on a port; gives the exit code, and what
    was said.
    """
    monkeypatch.setattr(front, "SLOW_S", 25)

    def run(port: int) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("doctor", front=f"http://127.0.0.1:{port}", stdout=out)
        except SystemExit as ended:
            return int(str(ended.code)), out.getvalue()
        return 0, out.getvalue()

    return run


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize("name", fronts.FRONTS)
def test_our_own_fronts_pass(
    name: str, web: int, doctor: Callable[[int], tuple[int, str]]
) -> None:
    with fronts.FRONTS[name]([web]) as port:
        _, said = doctor(port)
    faults = [line for line in said.splitlines() if line.startswith("FAULT")]
    assert len(faults) == 1, said
    assert "over http" in faults[0], "the test's fronts have no TLS"
    assert "this call came from 127.0.0.1, whatever its headers claim" in said
    assert "another name is refused" in said
    assert "gives up on what does not come" in said


def test_a_careless_front_is_told_what_to_do(
    web: int, doctor: Callable[[int], tuple[int, str]]
) -> None:
    program, port = fronts.need("nginx"), services.free_port()
    with ExitStack() as stack:
        home = stack.enter_context(servers.folder())
        config = home / "nginx.conf"
        config.write_text("events {}\n" + CARELESS % {"port": port, "web": web})
        command = [
            program,
            "-c",
            str(config),
            "-p",
            str(home),
            "-e",
            str(home / "errors"),
        ]
        stack.enter_context(
            servers.server(
                [*command, "-g", f"daemon off; pid {home}/pid;"], log=home / "log"
            )
        )
        servers.await_port(port, log=home / "errors")
        code, said = doctor(port)
    assert code == 1
    assert "/metrics, /health/live, /health/ready answers everybody" in said
    assert "is answered under any name" in said
    assert "anybody is who they like by" in said
    assert "X-Real-IP" in said
    assert "it waits more than 25 s for a head" in said
