"""Migration operations for what Django has none for."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

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
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = usual
