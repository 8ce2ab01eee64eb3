"""Migration operations for what Django has none for."""

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import BaseConstraint

from markrin.db.declared import Declared, Partitioning


class CreateDeclared(Operation):
    """Make an object that belongs to no table; see `markrin/db/shared.py`."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, declared: Declared) -> None:
        self.declared = declared

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        """Return what a migration writes to make it again."""
        return type(self).__name__, [self.declared], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change no model."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Make it."""
        schema_editor.execute(self.declared.create_shared_sql(), params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Remove it."""
        schema_editor.execute(self.declared.remove_shared_sql(), params=None)

    def describe(self) -> str:
        """Say what it does."""
        return f"Create {self.declared.kind} {self.declared.name}"


class AddConstraints(Operation):
    """Add several rules of one table: stands in a migration in place of as many of Django's
    `AddConstraint`, each of which makes the model and all that relate to it anew in the
    migration's state. That took three quarters of the time of a new database.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(
        self, model_name: str, constraints: Sequence[BaseConstraint]
    ) -> None:
        self.model_name = model_name
        self.constraints = list(constraints)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        """Return what a migration writes to make it again."""
        arguments: dict[str, object] = {
            "model_name": self.model_name,
            "constraints": self.constraints,
        }
        return type(self).__name__, [], arguments

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Note the rules with the model's options."""
        key = app_label, self.model_name.lower()
        options = state.models[key].options
        options["constraints"] = [
            *options.get("constraints", ()),
            *self.constraints,
        ]
        state.reload_model(*key, delay=True)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Add them, in their order."""
        model = to_state.apps.get_model(app_label, self.model_name)
        for constraint in self.constraints:
            schema_editor.add_constraint(model, constraint)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Remove them, the last one first."""
        model = to_state.apps.get_model(app_label, self.model_name)
        for constraint in reversed(self.constraints):
            schema_editor.remove_constraint(model, constraint)

    def describe(self) -> str:
        """Say what it does."""
        return (
            f"Create {len(self.constraints)} constraints on model {self.model_name}"
        )


class CreatePartitionedModel(CreateModel):
    """Create a model's table partitioned as its `Partitioning` says: stands in a migration in
    place of the `CreateModel` that `makemigrations` writes.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Create the table; its partitions are made by the app."""
        (partitioning,) = (
            constraint
            for constraint in self.options["constraints"]
            if isinstance(constraint, Partitioning)
        )
        usual = schema_editor.sql_create_table
        schema_editor.sql_create_table = (
            f"{usual} PARTITION BY {partitioning.arguments['by']}"
        )
        try:
            super().database_forwards(
                app_label, schema_editor, from_state, to_state
            )
        finally:
            schema_editor.sql_create_table = usual
