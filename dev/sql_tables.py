"""SQL is an import, too: a statement names another app's tables and columns only where that app
publishes them, in its `published_tables.py`.

Looks at every string of the apps' code, migrations left out. A string that is a table's name and
nothing else is a bulk load's (LOADABLE) or a statement's (READABLE); a longer one is a statement.
Run as a program: `python -m dev.sql_tables`."""

import ast
import importlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django
from django.apps import apps

from dev.stack import ROOT

# Whoever stands further left may read what those to the right publish.
APPS = ("demo", "analytics", "orders", "accounts", "products", "markrin")
PUBLISHERS = ("analytics", "orders", "accounts", "products", "markrin.outbox")
_WORD = re.compile("[a-z_][a-z0-9_]*")
_LITERAL = re.compile(r"'[\w:%-]*'")  # of SQL, one word: no name of a column
_ALIAS = re.compile(r"\bAS\s+(?:MATERIALIZED\s+)?([a-z_][a-z0-9_]*)")


@dataclass(frozen=True)
class Published:
    """The tables and columns that an app lets others name."""

    readable: dict[str, set[str]]
    loadable: dict[str, set[str]]


def read_published(publishers: tuple[str, ...] = PUBLISHERS) -> Published:
    """Return what all apps publish."""
    readable: dict[str, set[str]] = {}
    loadable: dict[str, set[str]] = {}
    for app in publishers:
        module = importlib.import_module(f"{app}.published_tables")
        for name, kept in (("READABLE", readable), ("LOADABLE", loadable)):
            for table, columns in getattr(module, name, {}).items():
                kept[table] = set(columns.split())
    return Published(readable, loadable)


def list_tables() -> dict[str, tuple[str, set[str]]]:
    """Return app and columns of every table of ours."""
    tables = {}
    for model in apps.get_models(include_auto_created=True):
        owner = model._meta.app_config.name.partition(".")[0]
        if owner in APPS:
            columns = {field.column or "" for field in model._meta.concrete_fields}
            tables[model._meta.db_table] = (owner, columns)
    return tables


def find_unpublished(
    text: str,
    app: str,
    tables: dict[str, tuple[str, set[str]]],
    published: Published,
) -> Iterator[str]:
    """Yield what is wrong with a string in the code of `app`."""
    words = set(_WORD.findall(_LITERAL.sub("", text)))
    named = words & tables.keys()
    known = set().union(
        *(tables[table][1] for table in named if tables[table][0] == app)
    )
    known |= set(_ALIAS.findall(text))
    for table in sorted(named):
        owner, columns = tables[table]
        if owner == app:
            continue
        if text == table:
            if table not in published.readable | published.loadable:
                yield f"{table} is of {owner}, which does not publish it"
        elif table not in published.readable:
            yield f"{table} is of {owner}, which does not publish it for reading"
        elif re.search(rf"\*\s+FROM\s+{table}\b", text):
            yield f"{table}: say which columns, `*` is all of them"
        else:
            others = set().union(
                *(published.readable.get(each, set()) for each in named)
            )
            private = columns - published.readable[table] - others - known
            for column in sorted(private & words):
                yield f"{table}.{column} is of {owner}, which does not publish it"


def check_declared(
    tables: dict[str, tuple[str, set[str]]], published: Published
) -> Iterator[str]:
    """Yield what is published and does not exist."""
    for kept in (published.readable, published.loadable):
        for table, columns in kept.items():
            if table not in tables:
                yield f"published_tables: there is no table {table}"
            else:
                for column in sorted(columns - tables[table][1]):
                    yield f"published_tables: {table} has no column {column}"


def check_apps(root: Path = ROOT) -> Iterator[str]:
    """Yield every breach in the code below `root`, with its place."""
    tables, published = list_tables(), read_published()
    yield from check_declared(tables, published)
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            if "migrations" in path.parts or path.name == "published_tables.py":
                continue
            for line, text in list_strings(path.read_text()):
                for breach in find_unpublished(text, app, tables, published):
                    yield f"{path.relative_to(root)}:{line}: {breach}"


def list_strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string; an f-string is one, without what it puts in."""
    inside: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            inside.update(parts)
            yield node.lineno, " ".join(str(part.value) for part in parts)
        if isinstance(node, ast.Constant) and node not in inside:
            yield node.lineno, str(node.value)


def main() -> int:
    """Print the breaches; return 1 if there are any."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
    django.setup()
    breaches = list(check_apps())
    print(*breaches, sep="\n", end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
