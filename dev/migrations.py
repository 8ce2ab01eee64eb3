"""Lint the migrations: each must be safe while the release before it still runs, and
possible to take back.

Run as a program and not as a `manage.py` command, so that the linter need not be an
installed app of the shop."""

import os
import sys
from collections.abc import Iterable

import django
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django_migration_linter import MigrationLinter

# The last migration that comes with an app's first release, which has not been made yet. No
# older code runs beside those; what is numbered higher is linted.
FIRST_RELEASE = {
    "markrin": 1,
    "shop_admin": 1,
    "outbox": 1,
    "response_cache": 1,
    "products": 6,
    "accounts": 2,
    "orders": 2,
    "storefront": 1,
    "analytics": 2,
}


class Linter(MigrationLinter):
    def should_ignore_migration(
        self,
        app_label: str,
        migration_name: str,
        operations: Iterable[Operation] = (),
        is_initial: bool = False,
    ) -> bool:
        """Return whether the migration is another project's, or older than the rules."""
        number = (
            int(migration_name.partition("_")[0])
            if migration_name[:4].isdecimal()
            else 0
        )
        return app_label not in FIRST_RELEASE or number <= FIRST_RELEASE[app_label]


def main() -> int:
    """Print what is wrong and return 1 if anything is."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
    django.setup()
    linter = Linter(
        no_cache=True,
        all_warnings_as_errors=True,
        analyser_string="postgresql",
        quiet=["ok", "ignore"],
        no_output=False,
    )
    linter.lint_all_migrations()
    linter.print_summary()
    one_way = [
        f"{app}.{name}: {operation.describe()}"
        for (app, name), migration in sorted(
            MigrationLoader(connection).disk_migrations.items()
        )
        if app in FIRST_RELEASE
        for operation in migration.operations
        if not operation.reversible
    ]
    if one_way:
        print("Cannot be taken back:", *one_way, sep="\n  ")
    return 1 if one_way or linter.has_errors else 0


if __name__ == "__main__":
    sys.exit(main())
