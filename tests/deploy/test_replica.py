"""Catalogue reads from a real streaming standby: one that is behind is never read, one that
dies is not missed.

Takes half a minute, so it is `make rolling` that runs it.
"""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.db import connection as tests_database

from dev.processes import wait_for
from products.models import Product
from tests import services
from tests.deploy import servers
from tests.factories import make_product, make_variant

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        "ROLLING_ROUNDS" not in os.environ, reason="long: `make rolling` runs it"
    ),
]


@dataclass
class Pair:
    primary: dict[str, str]
    standby: dict[str, str]
    env: dict[str, str]
    kill_standby: Callable[[], None]
    start_standby: Callable[[], None]


@pytest.fixture
def product(transactional_db: None) -> Product:
    return make_variant(product=make_product(base_price="100.00")).product


@pytest.fixture
def pair(product: Product) -> Iterator[Pair]:
    """Return a primary with a copy of this test's data, and its standby."""
    with (
        servers.folder() as folder,
        servers.standby(folder) as (first, second, kill, start),
    ):
        name = tests_database.settings_dict["NAME"]
        source = servers.pg(
            "pg_dump",
            "--no-owner",
            "--no-privileges",
            f"--dbname={_dsn(_here(name))}",
        )
        dump = subprocess.run(source, check=True, capture_output=True).stdout
        target = servers.pg(
            "psql",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={_dsn(first.connection())}",
        )
        subprocess.run(target, check=True, input=dump, stdout=subprocess.DEVNULL)
        env = {
            "DATABASE_URL": first.url(),
            "DATABASE_REPLICA_URL": second,
            "DATABASE_REPLICA_WAIT_MS": "200",
        }
        host = second.split("@/")[1].rpartition("/")[0].replace("%2F", "/")
        yield Pair(
            first.connection(),
            {**first.connection(), "host": host},
            env,
            kill,
            start,
        )


def _here(name: str) -> dict[str, str]:
    settings = tests_database.settings_dict
    return {
        "host": settings["HOST"],
        "port": str(settings["PORT"]),
        "user": settings["USER"],
        "dbname": name,
    }


def _dsn(parts: dict[str, str]) -> str:
    return psycopg.conninfo.make_conninfo(
        **{key: value for key, value in parts.items() if value}
    )


def get_json(url: str) -> dict[str, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (ours)
        found: dict[str, str] = json.load(answer)
        return found


def test_reads_go_to_a_standby_that_has_everything_and_to_no_other(
    pair: Pair, product: Product
) -> None:
    with services.web(
        env=pair.env | {"CACHE_ANSWERS": "0", "ALLOWED_HOSTS": "127.0.0.1"}
    ) as web:
        url = f"{web.url}/api/products/{product.slug}"

        def price() -> tuple[str, bool]:
            """Return the price shown, and whether the standby was asked."""
            before = web.output().count('"database":"replica"')
            shown = get_json(url)["price"]
            time.sleep(0.3)  # the line in the log
            return shown, web.output().count('"database":"replica"') > before

        assert price() == ("100.00", True)
        servers.query(
            {**pair.standby, "user": "postgres"}, "SELECT pg_wal_replay_pause()"
        )
        _set_price(pair, product.pk, "80.00")
        assert price() == ("80.00", False), "the standby has not heard of it"
        servers.query(
            {**pair.standby, "user": "postgres"}, "SELECT pg_wal_replay_resume()"
        )
        assert price() == ("80.00", True)
        pair.kill_standby()
        assert price() == ("80.00", False)
        _set_price(pair, product.pk, "70.00")
        assert price() == ("70.00", False)
        pair.start_standby()
        assert wait_for(lambda: price() == ("70.00", True), seconds=20)


def _set_price(pair: Pair, key: object, price: str) -> None:
    servers.query(
        pair.primary,
        f"UPDATE products_product SET base_price = {price} WHERE id = '{key}'",
    )
