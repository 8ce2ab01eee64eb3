"""Run a command, such as the test suite, on an installation that is not the default one.

`python -m tests.deploy.alternative_servers pgbouncer pytest tests/orders` has PgBouncer in
transaction mode between the tests and PostgreSQL, `rabbitmq` a RabbitMQ in the place of the
broker. Give pytest `-n 0` to `-n 4`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dev import processes
from dev.stack import ROOT, Stack, local_dir, path_with_tools
from tests.deploy import servers


@contextmanager
def pgbouncer() -> Iterator[dict[str, str]]:
    """Give the environment of tests that reach PostgreSQL through PgBouncer."""
    home = processes.own_folder(local_dir() / "test")
    stack = Stack(home, durable=False, valkey=False)
    stack.enter()
    try:
        assert stack.postgres
        with servers.pgbouncer(stack.postgres) as address:
            yield {"TEST_DATABASE_URL": f"{address}pooled", "DATABASE_POOLED": "1"}
    finally:
        stack.leave()


@contextmanager
def rabbitmq() -> Iterator[dict[str, str]]:
    """Give the environment of tests whose broker is RabbitMQ."""
    with servers.rabbitmq() as address:
        yield {"TEST_BROKER_URL": address}


KINDS = {"pgbouncer": pgbouncer, "rabbitmq": rabbitmq}


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    if len(arguments) < 2 or arguments[0] not in KINDS:
        sys.exit(__doc__)
    kind, *command = arguments
    with KINDS[kind]() as env:
        return subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=os.environ | env | {"PATH": path_with_tools()},
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
