"""PostgreSQL: does it answer, is it new enough, does it have what the shop needs, and is
its clock ours?
"""

import time
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from markrin.db.shared import SHARED, Extension
from markrin.ops.doctor.finding import Finding, fault, note, ok

OLDEST = 15
SKEW_S = (
    2.0  # tokens are stamped by the web servers' clocks, jobs by the database's
)
MAX_USED = 0.8  # of the connections


def check_database() -> Iterator[Finding]:
    """Yield the findings about the database, or only that it does not answer."""
    address = connection.settings_dict
    place = f"{address['HOST'] or 'the local socket'}, {address['NAME']}"
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        first = str(error).strip().splitlines()[0]
        yield fault(
            "database",
            f"{place}: {first}",
            "Start PostgreSQL, or correct DATABASE_URL.",
        )
        return
    try:
        yield ok("database", f"{place} answers")
        yield _check_version()
        yield from _check_migrations()
        yield from _check_extensions()
        yield _check_clock()
        yield _check_connections()
        yield _time_zone()
    except DatabaseError as error:
        yield fault(
            "database",
            f"{type(error).__name__}: {error}".strip(),
            "See the database server's log.",
        )


def _check_version() -> Finding:
    number = int(_fetch_one("SHOW server_version_num"))
    text = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number // 10_000 < OLDEST:
        return fault(
            "database version", text, f"Upgrade to PostgreSQL {OLDEST} or newer."
        )
    return ok("database version", text)


def _check_migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        first = f"{missing[0][0].app_label}.{missing[0][0].name}"
        yield fault(
            "migrations",
            f"{len(missing)} are missing, from {first} on",
            "Run `manage.py migrate`.",
        )
    apps = {app for app, _ in executor.loader.disk_migrations}
    unknown = sorted(
        f"{app}.{name}"
        for app, name in executor.loader.applied_migrations
        if app in apps
        and (app, name) not in executor.loader.disk_migrations
        and (app, name) not in executor.loader.replacements
    )
    if unknown:
        text = f"the database has {', '.join(unknown[:3])}, which this release does not know"
        yield note(
            "migrations",
            text,
            "A newer release has been here: deploy that one again, or see"
            " docs/upgrading.md.",
        )
    if not missing and not unknown:
        yield ok(
            "migrations",
            f"{len(executor.loader.applied_migrations)} applied, none missing",
        )


def _check_extensions() -> Iterator[Finding]:
    expected = {
        declared.name for declared in SHARED if isinstance(declared, Extension)
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        installed = {name for (name,) in cursor.fetchall()}
    for name in sorted(expected - installed):
        todo = (
            "Run `manage.py migrate`; where its role may not, a superuser: CREATE"
            f" EXTENSION {name};"
        )
        yield fault("extensions", f"{name} is missing", todo)
    if expected <= installed:
        yield ok("extensions", ", ".join(sorted(expected)))


def _check_clock() -> Finding:
    before = time.time()
    database_time = float(
        _fetch_one("SELECT extract(epoch FROM clock_timestamp())")
    )
    skew = database_time - (before + time.time()) / 2
    if abs(skew) > SKEW_S:
        ahead = "ahead of" if skew > 0 else "behind"
        text = f"the database's clock is {abs(skew):.1f} s {ahead} this machine's"
        return fault(
            "clock",
            text,
            "Let NTP (chrony, systemd-timesyncd) set the clocks of both.",
        )
    return ok("clock", f"{abs(skew) * 1000:.0f} ms from the database's")


def _check_connections() -> Finding:
    limit = int(_fetch_one("SHOW max_connections"))
    used = int(
        _fetch_one(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
    )
    text = f"{used} of {limit} connections are in use"
    if used > limit * MAX_USED:
        return fault(
            "connections",
            text,
            "Raise max_connections, run fewer threads, or put PgBouncer in front.",
        )
    return ok("connections", text)


def _time_zone() -> Finding:
    zone = settings.SHOP_TIME_ZONE
    if (
        _fetch_one("SELECT count(*) FROM pg_timezone_names WHERE name = %s", zone)
        == "0"
    ):
        todo = (
            "Install the time zones (Debian: tzdata) where PostgreSQL runs, or correct"
            " SHOP_TIME_ZONE."
        )
        return fault("time zone", f"PostgreSQL does not know {zone}", todo)
    return ok("time zone", zone)


def _fetch_one(sql: str, *params: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        row = cursor.fetchone()
    return str(row[0]) if row else ""
