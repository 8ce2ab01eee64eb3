"""Nothing in the shop's code needs a session of PostgreSQL: behind a pooler in transaction
mode nobody has one.
"""

import re

from django.conf import settings

from dev.stack import ROOT

APPS = ("markrin", "products", "accounts", "orders", "analytics")
# What a session would be for. A function body of a migration runs within its statement,
# hence outside of migrations.
SESSIONS = re.compile(
    r"\"SET (?!LOCAL|CONSTRAINTS|TRANSACTION)[a-z_]+|\bLISTEN"
    r" |pg_(?:try_)?advisory_(?:un)?lock\b|\bPREPARE "
)


def test_no_statement_needs_a_session() -> None:
    files = [
        path
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
    ]
    assert len(files) > 200
    found = {
        f"{path.relative_to(ROOT)}: {hit}"
        for path in files
        for hit in SESSIONS.findall(path.read_text())
    }
    assert found == set()


def test_psycopg_prepares_nothing() -> None:
    """But for markrin/db/sql.py, which asks DATABASE_POOLED; tests/test_rows.py."""
    options = settings.DATABASES["default"].get("OPTIONS", {})
    assert not options.keys() & {"prepare_threshold", "server_side_binding", "pool"}
