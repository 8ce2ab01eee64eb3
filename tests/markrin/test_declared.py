"""Declared objects of the database: `verify` asks for each, whatever happened to it."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter

from markrin.db.declared import (
    Function,
    LibraryIndex,
    Partitioning,
    SqlSequence,
    StorageParameters,
)
from markrin.db.shared import Extension, list_declared
from markrin.db.triggers import Trigger, allow_steps
from markrin.ops.verify import constraints

pytestmark = pytest.mark.django_db

DECLARED = {declared.name: (table, declared) for table, declared in list_declared()}
TRIGGERS = {
    name: pair for name, pair in DECLARED.items() if isinstance(pair[1], Trigger)
}
FUNCTIONS = {
    name: pair for name, pair in DECLARED.items() if isinstance(pair[1], Function)
}
# How each other kind of object is taken away.
REMOVE = {
    Extension: "DROP EXTENSION {name} CASCADE",
    StorageParameters: "ALTER TABLE {table} RESET (fillfactor)",
    SqlSequence: "DROP SEQUENCE {name}",
    LibraryIndex: "DROP INDEX {name}",
    Partitioning: "DROP TABLE {table}; CREATE TABLE {table} (id int)",
}
OTHERS = {name: pair for name, pair in DECLARED.items() if type(pair[1]) in REMOVE}


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL client_min_messages = error")
        cursor.execute(sql)


def find_problems():
    return {breach.key: breach.what for breach in constraints.find_undeclared()}


def test_all_is_there_as_declared_and_nothing_else():
    assert find_problems() == {}
    assert len(TRIGGERS) >= 17
    assert set(DECLARED) == set(TRIGGERS) | set(FUNCTIONS) | set(OTHERS)


@pytest.mark.parametrize("name", TRIGGERS)
def test_each_trigger_is_missed_when_it_is_dropped_disabled_or_changed(name):
    table, _ = TRIGGERS[name]
    execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    assert find_problems() == {name: "the trigger is disabled"}
    execute(f"ALTER TABLE {table} ENABLE REPLICA TRIGGER {name}")
    assert find_problems() == {name: "the trigger is disabled"}
    execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")
    assert find_problems() == {}

    execute(f"DROP TRIGGER {name} ON {table}")
    assert find_problems() == {name: "the trigger is missing"}
    execute(
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW"
        f" WHEN (false) EXECUTE FUNCTION {name}()"
    )
    assert find_problems()[name].startswith(
        "the trigger is not as declared: CREATE TRIGGER"
    )


@pytest.mark.parametrize("name", TRIGGERS)
def test_each_trigger_is_missed_when_its_function_says_something_else(name):
    execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$"
    )
    assert find_problems() == {name: "the trigger's function is not as declared"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_missed_when_it_is_gone(name):
    execute(f"DROP FUNCTION {name} CASCADE")
    assert find_problems()[name] == "the function is missing"


@pytest.mark.parametrize("name", OTHERS)
def test_everything_else_is_missed_when_it_is_gone(name):
    table, declared = OTHERS[name]
    execute(REMOVE[type(declared)].format(name=name, table=table))
    assert f"the {declared.kind} is " in find_problems()[name]


def test_what_nobody_declares_is_found():
    execute(
        "CREATE FUNCTION stray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
        "CREATE TRIGGER stray BEFORE INSERT ON orders_order FOR EACH ROW EXECUTE FUNCTION stray()"
    )
    found = {str(breach) for breach in constraints.find_undeclared()}
    assert found == {
        "constraints: orders_order stray: the trigger is not declared on a model",
        "constraints: function stray: the function is not declared on a model",
    }


@pytest.mark.parametrize(("table", "declared"), DECLARED.values(), ids=DECLARED)
def test_a_migration_writes_it_so_that_it_is_the_same_again(table, declared):
    text, imports = MigrationWriter.serialize(declared)
    names: dict[str, object] = {}
    exec("\n".join(imports), names)  # noqa: S102 (what the migration's own file would do)
    again = eval(text, names)  # noqa: S307
    assert again == declared
    assert again._create(table) == declared._create(table)


class Lamp(models.Model):
    """A table of this file: made and removed as a migration would."""

    state = models.TextField()

    class Meta:
        app_label = "test_declared"
        db_table = "test_lamp"
        constraints = [
            allow_steps(
                name="test_lamp_steps",
                column="state",
                steps={"off": ["on"], "on": ["off", "broken"], "broken": []},
                constraint="lamp_steps",
                noun="a lamp",
            )
        ]


def test_a_state_machine_lets_pass_the_steps_of_its_table_and_no_others():
    trigger: Any = Lamp._meta.constraints[0]
    with connection.schema_editor() as editor:
        editor.create_model(Lamp)
    lamp = Lamp._default_manager.create(state="off")
    for state in ("on", "on", "broken"):
        lamp.state = state
        lamp.save()
    lamp.state = "on"
    with (
        pytest.raises(
            IntegrityError, match="a lamp cannot go from broken to on"
        ) as refused,
        transaction.atomic(),
    ):
        lamp.save()
    cause: Any = refused.value.__cause__
    assert cause.diag.constraint_name == "lamp_steps"

    with connection.schema_editor() as editor:
        editor.remove_constraint(Lamp, trigger)
    assert trigger.find_problem("test_lamp") == "the trigger is missing"
    lamp.save()
    with connection.schema_editor() as editor:
        editor.add_constraint(Lamp, trigger)
    assert trigger.find_problem("test_lamp") is None
    with connection.schema_editor() as editor:
        editor.remove_constraint(Lamp, trigger)
        editor.delete_model(Lamp)
