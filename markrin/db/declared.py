"""Objects of the database that Django has no class for, declared on the model they belong to.

    class Meta:
        constraints = [
            StorageParameters(name="orders_order_storage", fillfactor=80),
            Trigger(name="orders_event_append_only", when="BEFORE UPDATE OR DELETE", …),
        ]

They stand among the constraints because that is the one place where a model may declare what
is free-form SQL: `makemigrations` then notices what is new, changed or gone, and the migration
keeps its SQL. Each writes its SQL exactly as PostgreSQL prints it, so `manage.py verify` compares
the declaration with the catalogue (`find_problem`), and no second list has to be kept.

Why not django-pgtrigger (4.17): its functions begin by reading `pgtrigger.ignore`, a setting by
which any session switches a rule off, and which every sale would pay for; and it compares the
hash in a trigger's comment, so it does not see a function that was replaced by hand.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from textwrap import dedent
from typing import Any, ClassVar

from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from markrin.db.sql import fetch_all


class Declared(models.BaseConstraint, ABC):
    """An object made by `_create` and removed by `_drop`, of the table that declares it.

    Subclasses take all that they are made of as keywords, which `arguments` repeats: the
    migration is written from those.
    """

    arguments: dict[str, Any]

    def __init__(self, *, name: str, **arguments: object) -> None:
        super().__init__(name=name)
        self.arguments = arguments

    def deconstruct(self) -> tuple[str, tuple[()], dict[str, Any]]:
        """Return what a migration writes to make it again."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        arguments = dict(self.arguments)
        if "body" in arguments:
            arguments["body"] = (
                arguments["body"].strip("\n").split("\n")
            )  # for people to read
        return path, (), {"name": self.name, **arguments}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Declared):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name}>"

    def constraint_sql(
        self,
        model: type[models.Model] | None,
        schema_editor: BaseDatabaseSchemaEditor | None,
    ) -> str:
        """Make it after the migration's tables: what it names may be created after this one."""
        if schema_editor is not None:
            schema_editor.deferred_sql.append(self._create(_table_of(model)))
        return ""

    def create_sql(
        self,
        model: type[models.Model] | None,
        schema_editor: BaseDatabaseSchemaEditor | None,
    ) -> str:
        """Return the SQL that makes it."""
        return self._create(_table_of(model))

    def remove_sql(
        self,
        model: type[models.Model] | None,
        schema_editor: BaseDatabaseSchemaEditor | None,
    ) -> str:
        """Return the SQL that removes it."""
        return self._drop(_table_of(model))

    def create_shared_sql(self) -> str:
        """Return the SQL that makes it, where it belongs to no table."""
        return self._create("")

    def remove_shared_sql(self) -> str:
        """Return the SQL that removes it, where it belongs to no table."""
        return self._drop("")

    def validate(self, *args: object, **kwargs: object) -> None:
        """Leave it to the database: no form can ask it of one row."""

    def find_problem(self, table: str) -> str | None:
        """Return what is wrong with it in the database, or None: it is as declared."""
        actual = self._find(table)
        if actual is None:
            return f"the {self.kind} is missing"
        if actual != self._definition(table):
            return f"the {self.kind} is not as declared: {actual}"
        return None

    kind: ClassVar[str]  # what a person calls it

    def _create(self, table: str) -> str:
        return self._definition(table)

    @abstractmethod
    def _definition(self, table: str) -> str:
        """Return its definition as PostgreSQL prints it."""

    @abstractmethod
    def _find(self, table: str) -> str | None:
        """Return the definition that the catalogue has under this name, or None."""

    @abstractmethod
    def _drop(self, table: str) -> str:
        """Return the SQL that removes it."""


class Function(Declared):
    """A function that triggers or queries call.

    `signature` is the argument list (`wanted uuid[]`), `options` what stands after the
    language, and `body` the text of the function, or its lines; instead of it `expression`, as
    PostgreSQL prints it, for SQL that is parsed when the function is made."""

    kind = "function"

    def __init__(
        self,
        *,
        name: str,
        signature: str = "",
        returns: str,
        language: str = "plpgsql",
        options: str = "",
        body: str | Sequence[str] = "",
        expression: str = "",
    ) -> None:
        super().__init__(
            name=name,
            signature=signature,
            returns=returns,
            language=language,
            options=options,
            body=clean_body(body),
            expression=expression,
        )

    def _definition(self, table: str) -> str:
        return function_sql(self.name, self.arguments)

    def _find(self, table: str) -> str | None:
        return find_function(self.name)

    def _drop(self, table: str) -> str:
        return f"DROP FUNCTION public.{self.name};"


class StorageParameters(Declared):
    """How PostgreSQL stores the table: `fillfactor` and the like.

    Source: PostgreSQL's CREATE TABLE, "Storage Parameters".
    """

    kind = "set of storage parameters"

    def __init__(self, *, name: str, **parameters: float) -> None:
        super().__init__(name=name, **parameters)

    def _create(self, table: str) -> str:
        return f"ALTER TABLE public.{table} SET ({self._definition(table)});"

    def _definition(self, table: str) -> str:
        return ", ".join(
            f"{name}={value}" for name, value in sorted(self.arguments.items())
        )

    def _find(self, table: str) -> str | None:
        (row,) = fetch_all(
            "SELECT reloptions FROM pg_class WHERE oid = %s::regclass",
            [f"public.{table}"],
        )
        return ", ".join(sorted(row["reloptions"])) if row["reloptions"] else None

    def _drop(self, table: str) -> str:
        return f"ALTER TABLE public.{table} RESET ({', '.join(sorted(self.arguments))});"


class SqlSequence(Declared):
    """Numbers that are given out once, such as those of orders; gaps are possible."""

    kind = "sequence"

    def _definition(self, table: str) -> str:
        return f"CREATE SEQUENCE public.{self.name};"

    def _find(self, table: str) -> str | None:
        rows = fetch_all(
            "SELECT FROM pg_class WHERE oid = to_regclass(%s) AND relkind = 'S'",
            [f"public.{self.name}"],
        )
        return self._definition(table) if rows else None

    def _drop(self, table: str) -> str:
        return f"DROP SEQUENCE public.{self.name};"


class LibraryIndex(Declared):
    """An index on a library's table, for a query of ours. `columns` as PostgreSQL prints them."""

    kind = "index"

    def __init__(self, *, name: str, library_table: str, columns: str) -> None:
        super().__init__(name=name, library_table=library_table, columns=columns)

    def _definition(self, table: str) -> str:
        its_table, columns = (
            self.arguments["library_table"],
            self.arguments["columns"],
        )
        return f"CREATE INDEX {self.name} ON public.{its_table} USING btree ({columns})"

    def _find(self, table: str) -> str | None:
        (row,) = fetch_all(
            "SELECT pg_get_indexdef(to_regclass(%s)) AS found",
            [f"public.{self.name}"],
        )
        definition: str | None = row["found"]
        return definition

    def _drop(self, table: str) -> str:
        return f"DROP INDEX public.{self.name};"


class Partitioning(Declared):
    """That the table is partitioned, `by` what: `CreatePartitionedModel` makes it so."""

    kind = "partitioning"

    def __init__(self, *, name: str, by: str) -> None:
        super().__init__(name=name, by=by)

    def _create(self, table: str) -> str:
        return ""

    def constraint_sql(
        self,
        model: type[models.Model] | None,
        schema_editor: BaseDatabaseSchemaEditor | None,
    ) -> str:
        """Leave it to the table's own SQL."""
        return ""

    def _definition(self, table: str) -> str:
        return str(self.arguments["by"])

    def _find(self, table: str) -> str | None:
        (row,) = fetch_all(
            "SELECT pg_get_partkeydef(%s::regclass) AS found", [f"public.{table}"]
        )
        definition: str | None = row["found"]
        return definition

    def _drop(self, table: str) -> str:
        return ""


def _table_of(model: type[models.Model] | None) -> str:
    if model is None:
        raise TypeError("a declared object belongs to a model")
    return model._meta.db_table


def clean_body(body: str | Sequence[str]) -> str:
    """Return a function's text, or its lines, as the database keeps it: without the indentation
    of the Python around it.
    """
    text = body if isinstance(body, str) else "\n".join(body)
    return f"\n{dedent(text).strip()}\n"


def function_sql(name: str, arguments: Mapping[str, str]) -> str:
    """Return the statement that makes a function, as `pg_get_functiondef` prints it."""
    body, expression = arguments.get("body"), arguments.get("expression")
    lines = [
        f"CREATE OR REPLACE FUNCTION public.{name}({arguments.get('signature', '')})",
        f" RETURNS {arguments.get('returns', 'trigger')}",
        f" LANGUAGE {arguments.get('language', 'plpgsql')}",
        *([f" {arguments['options']}"] if arguments.get("options") else []),
        f"RETURN {expression}" if expression else f"AS $function${body}$function$",
    ]
    return "\n".join(lines) + "\n"


def find_function(name: str) -> str | None:
    """Return how PostgreSQL prints the function of this name; None if there is none, or two."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc"
            " WHERE proname = %s AND pronamespace = 'public'::regnamespace",
            [name],
        )
        definitions = cursor.fetchall()
    return str(definitions[0][0]) if len(definitions) == 1 else None
