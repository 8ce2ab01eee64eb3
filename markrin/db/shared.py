"""Objects of the database that belong to no table: extensions and
the functions that indexes are made of. `markrin/migrations` makes them.
"""

from collections.abc import Iterator

from django.apps import apps

from markrin.db.declared import Declared, Function
from markrin.db.sql import fetch_all
from markrin.db.text_search import TEXT_FUNCTIONS


class Extension(Declared):
    """An extension of PostgreSQL's own distribution (contrib)."""

    kind = "extension"

    def _definition(self, table: str) -> str:
        return f"CREATE EXTENSION IF NOT EXISTS {self.name};"

    def _drop(self, table: str) -> str:
        return f"DROP EXTENSION {self.name};"

    def _find(self, table: str) -> str | None:
        rows = fetch_all("SELECT FROM pg_extension WHERE extname = %s", [self.name])
        return self._definition(table) if rows else None


SHARED: tuple[Declared, ...] = (
    Extension(name="pg_trgm"),
    Extension(name="unaccent"),
    # ids beside ranges, in rules that no two rows hold at the same time (EXCLUDE)
    Extension(name="btree_gist"),
    # unaccent() is only STABLE, as its dictionary could be changed; ours never is.
    Function(
        name="markrin_unaccent",
        signature="value text",
        returns="text",
        language="sql",
        options="IMMUTABLE PARALLEL SAFE STRICT",
        expression="unaccent('unaccent'::regdictionary, value)",
    ),
    *TEXT_FUNCTIONS,
)


def list_declared() -> Iterator[tuple[str, Declared]]:
    """Yield every declared object of the database, with the table that it belongs to; the
    shared ones belong to none ("").
    """
    for shared in SHARED:
        yield "", shared
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, Declared):
                yield model._meta.db_table, constraint
