"""The rows that an import has written, written again by SQL alone: COPY and INSERT … SELECT into
the same tables with all their keys, checks, triggers and indexes.
"""

import time
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.harness import NotReady

# Their triggers write to the product: it must be there before, and its stock after its variants.
FIRST = (
    "products_category",
    "products_product",
    "products_variant",
    "products_stocklevel",
)
# What is told of the import and not part of the catalogue, or filled by triggers.
LEFT_OUT = ("outbox_", "django_", "auth_", "products_import", "products_facet")


def write_by_sql(imported: str, copy: str, folder: Path) -> float:
    """Write what `imported` has more than `copy`, a copy of the shop before the import; return the
    seconds. Both are libpq's addresses. Reading the rows out is not counted.

    Raises:
        NotReady: afterwards a table has other rows than the import's.
    """
    folder.mkdir(exist_ok=True)
    with psycopg.connect(imported) as source, psycopg.connect(copy) as target:
        tables = _list_changed(source, target)
        columns = {table: _list_columns(source, table) for table in tables}
        for table in tables:
            _copy_out(source, table, columns[table], folder / table)
        target.commit()
        started = time.perf_counter()
        target.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in tables:
            _write_rows(target, table, columns[table], folder / table)
        target.commit()
        taken = time.perf_counter() - started
        for table in tables:
            if (there := _count(target, table)) != (
                wanted := _count(source, table)
            ):
                raise NotReady(
                    f"{table} has {there} rows by SQL, {wanted} by the import"
                )
        return taken


def _list_changed(
    source: psycopg.Connection, target: psycopg.Connection
) -> list[str]:
    """Return the tables that the import has made longer, in the order in which to fill them."""
    names = [
        name
        for (name,) in source.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r' ORDER BY relname"
        )
        if not name.startswith(LEFT_OUT)
    ]
    longer = [name for name in names if _count(source, name) > _count(target, name)]
    return sorted(
        longer,
        key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST),
    )


def _count(connection: psycopg.Connection, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    [(found,)] = connection.execute(query).fetchall()
    return int(found)


def _list_columns(connection: psycopg.Connection, table: str) -> sql.Composed:
    """Return the columns that can be written, as SQL lists them."""
    rows = connection.execute(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in rows)


def _copy_out(
    source: psycopg.Connection, table: str, columns: sql.Composed, path: Path
) -> None:
    query = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT binary)")
    with (
        path.open("wb") as file,
        source.cursor() as cursor,
        cursor.copy(query.format(sql.Identifier(table), columns)) as rows,
    ):
        for part in rows:
            file.write(part)


def _write_rows(
    target: psycopg.Connection, table: str, columns: sql.Composed, path: Path
) -> None:
    """Copy the file into a table without keys, and from there what is new into the real one."""
    names = {"table": sql.Identifier(table), "columns": columns}
    target.execute(
        sql.SQL(
            "CREATE TEMP TABLE raw ON COMMIT DROP AS SELECT {columns} FROM {table} WHERE false"
        ).format(**names)
    )
    with (
        target.cursor() as cursor,
        cursor.copy("COPY raw FROM STDIN (FORMAT binary)") as rows,
        path.open("rb") as file,
    ):
        while part := file.read(1 << 20):
            rows.write(part)
    target.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM raw"
            " ON CONFLICT DO NOTHING"
        ).format(**names)
    )
    target.execute("DROP TABLE raw")
