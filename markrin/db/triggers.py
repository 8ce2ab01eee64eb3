"""Triggers, declared on the model whose table they watch: what a constraint cannot state.

    class Meta:
        constraints = [
            Trigger(
                name="accounts_user_epoch",
                when="BEFORE UPDATE OF is_active, auth_epoch",
                body='''
                    BEGIN
                        NEW.auth_epoch := greatest(NEW.auth_epoch, OLD.auth_epoch);
                        RETURN NEW;
                    END''',
            ),
        ]

A trigger and its function have one name and one life. `markrin/db/declared.py` says how the
migration comes about and what `verify` asks.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from markrin.db.declared import Declared, clean_body, find_function, function_sql
from markrin.db.sql import fetch_all


class Trigger(Declared):
    """A trigger and the PL/pgSQL function that it runs.

    `when` says at what it runs, in PostgreSQL's own order: `BEFORE` or `AFTER`, then `INSERT OR
    DELETE OR UPDATE OF columns`. `condition` is the row's, as PostgreSQL prints it. `deferred`
    makes it run at commit (a constraint trigger). `transition` names the tables of changed rows
    of a trigger that runs once `for_each` statement.

    A body refuses by `RAISE EXCEPTION … USING ERRCODE = 'check_violation', CONSTRAINT = '…'`:
    the name under which the shop's errors know it.
    """

    kind = "trigger"

    def __init__(
        self,
        *,
        name: str,
        when: str,
        body: str | Sequence[str],
        condition: str = "",
        deferred: bool = False,
        for_each: Literal["ROW", "STATEMENT"] = "ROW",
        transition: str = "",
    ) -> None:
        super().__init__(
            name=name,
            when=when,
            body=clean_body(body),
            condition=condition,
            deferred=deferred,
            for_each=for_each,
            transition=transition,
        )

    def find_problem(self, table: str) -> str | None:
        """Return what is wrong with the trigger or its function (missing, disabled,
        different), or None.
        """
        if problem := super().find_problem(table):
            return problem
        (row,) = fetch_all(
            "SELECT tgenabled::text FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass",
            [self.name, f"public.{table}"],
        )
        if row["tgenabled"] not in ("O", "A"):
            return "the trigger is disabled"
        if find_function(self.name) != self._function():
            return "the trigger's function is not as declared"
        return None

    def _create(self, table: str) -> str:
        return f"{self._function()};\n{self._definition(table)};"

    def _function(self) -> str:
        return function_sql(self.name, {"body": self.arguments["body"]})

    def _definition(self, table: str) -> str:
        arguments = self.arguments
        parts = [
            f"CREATE CONSTRAINT TRIGGER {self.name}"
            if arguments["deferred"]
            else f"CREATE TRIGGER {self.name}",
            arguments["when"],
            f"ON public.{table}",
            "DEFERRABLE INITIALLY DEFERRED" if arguments["deferred"] else "",
            f"REFERENCING {arguments['transition']}"
            if arguments["transition"]
            else "",
            f"FOR EACH {arguments['for_each']}",
            f"WHEN ({arguments['condition']})" if arguments["condition"] else "",
            f"EXECUTE FUNCTION {self.name}()",
        ]
        return " ".join(part for part in parts if part)

    def _find(self, table: str) -> str | None:
        rows = fetch_all(
            "SELECT pg_get_triggerdef(oid) AS found FROM pg_trigger"
            " WHERE tgname = %s AND tgrelid = %s::regclass AND NOT tgisinternal",
            [self.name, f"public.{table}"],
        )
        return str(rows[0]["found"]) if rows else None

    def _drop(self, table: str) -> str:
        return f"DROP TRIGGER {self.name} ON public.{table};\nDROP FUNCTION public.{self.name}();"


def allow_steps(
    *,
    name: str,
    column: str,
    steps: Mapping[str, Collection[str]],
    constraint: str,
    noun: str,
) -> Trigger:
    """Return the trigger that lets `column` change only by these steps: from a state to the
    states that may follow it.

    `constraint` is the name that a refusal carries; `noun` begins its sentence ("an order").
    """
    allowed = ",\n".join(
        f"        ('{before}', '{after}')"
        for before, afters in sorted(steps.items())
        for after in sorted(afters)
    )
    return Trigger(
        name=name,
        when=f"BEFORE UPDATE OF {column}",
        body=f"""
BEGIN
    IF NEW.{column} <> OLD.{column} AND (OLD.{column}, NEW.{column}) NOT IN (
{allowed}
    ) THEN
        RAISE EXCEPTION '{noun} cannot go from % to %', OLD.{column}, NEW.{column}
            USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END""",
    )


def only_grows(*, name: str, constraint: str, noun: str, but: str = "") -> Trigger:
    """Return the trigger that refuses to change or delete a row of the table.

    `but` are statements of PL/pgSQL that may RETURN first, where a change is allowed.
    """
    exceptions = f"{but.rstrip()}\n" if but else ""
    return Trigger(
        name=name,
        when="BEFORE DELETE OR UPDATE",
        body=f"""
BEGIN
{exceptions}    RAISE EXCEPTION '{noun} only grows'
        USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}', TABLE = TG_TABLE_NAME;
END""",
    )
