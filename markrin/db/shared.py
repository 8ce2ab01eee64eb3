"""Objects of the database that belong to no table: extensions, the text search configuration
and the functions that indexes are made of. `markrin/migrations` makes them.
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


class TextSearchConfiguration(Declared):
    """How words are folded before they are looked for: `dictionaries`, in their order, for
    every kind of word that is not plain ASCII.
    """

    kind = "text search configuration"

    def __init__(self, *, name: str, dictionaries: list[str]) -> None:
        super().__init__(name=name, dictionaries=dictionaries)

    def _create(self, table: str) -> str:
        return (
            f"CREATE TEXT SEARCH CONFIGURATION public.{self.name} (COPY = pg_catalog.english);\n"
            f"ALTER TEXT SEARCH CONFIGURATION public.{self.name} ALTER MAPPING"
            f" FOR hword, hword_part, word WITH {self._definition(table)};"
        )

    def _definition(self, table: str) -> str:
        return ", ".join(self.arguments["dictionaries"])

    def _drop(self, table: str) -> str:
        return f"DROP TEXT SEARCH CONFIGURATION public.{self.name};"

    def _find(self, table: str) -> str | None:
        rows = fetch_all(
            """
            SELECT string_agg(dictname, ', ' ORDER BY mapseqno) AS dictionaries
            FROM pg_ts_config JOIN pg_ts_config_map ON mapcfg = pg_ts_config.oid
            JOIN pg_ts_dict ON pg_ts_dict.oid = mapdict
            JOIN ts_token_type('default') AS token ON token.tokid = maptokentype
            WHERE cfgname = %s AND cfgnamespace = 'public'::regnamespace
            AND token.alias IN ('word', 'hword', 'hword_part')
            GROUP BY maptokentype
            """,
            [self.name],
        )
        found = {row["dictionaries"] for row in rows}
        return " | ".join(sorted(found)) if found else None


SHARED: tuple[Declared, ...] = (
    Extension(name="pg_trgm"),
    Extension(name="unaccent"),
    # ids beside ranges, in rules that no two rows hold at the same time (EXCLUDE)
    Extension(name="btree_gist"),
    TextSearchConfiguration(name="markrin", dictionaries=["unaccent", "english_stem"]),
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
