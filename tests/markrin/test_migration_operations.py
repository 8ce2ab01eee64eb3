"""Operations of migrations that Django has none for."""

import pytest
from django.db import connection, models
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import CheckConstraint, Q, UniqueConstraint

from markrin.db.operations import AddConstraints

RULES = [
    CheckConstraint(condition=Q(watts__gt=0), name="test_bulb_watts_positive"),
    UniqueConstraint(fields=["watts"], name="test_bulb_watts_once"),
]


def rules_of_the_table() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'test_bulb'::regclass"
            " AND contype IN ('c', 'u')"
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_rules_are_added_together_and_taken_back():
    bulb = ModelState(
        "shapes",
        "Bulb",
        [
            ("id", models.AutoField(primary_key=True)),
            ("watts", models.IntegerField()),
        ],
        {"db_table": "test_bulb"},
    )
    before = ProjectState({("shapes", "bulb"): bulb})
    operation = AddConstraints("Bulb", RULES)
    after = before.clone()
    operation.state_forwards("shapes", after)
    assert after.models["shapes", "bulb"].options["constraints"] == RULES
    assert before.models["shapes", "bulb"].options["constraints"] == []
    with connection.schema_editor() as editor:
        editor.create_model(before.apps.get_model("shapes", "Bulb"))
        operation.database_forwards("shapes", editor, before, after)
    try:
        assert rules_of_the_table() == {rule.name for rule in RULES}
        with connection.schema_editor() as editor:
            operation.database_backwards("shapes", editor, after, before)
        assert rules_of_the_table() == set()
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(before.apps.get_model("shapes", "Bulb"))
