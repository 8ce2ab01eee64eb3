"""Lint the migrations: each must be safe while the release before it still runs, and possible to take back.

Run as a program and not as a `manage.py` command, so that the linter need not be an installed app of the shop.
"""

import os
import sys

import django
from django.db import connection
from django.db.migrations.loader import MigrationLoader

APPS = ["markrin", "outbox", "products", "accounts", "orders", "analytics"]


def main() -> int:
    """Print what is wrong and return 1 if anything is."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
    django.setup()
    from django_migration_linter import MigrationLinter

    linter = MigrationLinter(
        include_apps=APPS,
        no_cache=True,
        all_warnings_as_errors=True,
        analyser_string="postgresql",
        ignore_initial_migrations=True,  # no older code runs beside a table's first day
        quiet=["ok", "ignore"],
    )
    linter.lint_all_migrations()
    one_way = [
        f"{app}.{name}: {operation.describe()}"
        for (app, name), migration in sorted(MigrationLoader(connection).disk_migrations.items())
        if app in APPS
        for operation in migration.operations
        if not operation.reversible
    ]
    if one_way:
        print("Cannot be taken back:", *one_way, sep="\n  ")
    return 1 if one_way or linter.has_errors else 0


if __name__ == "__main__":
    sys.exit(main())
