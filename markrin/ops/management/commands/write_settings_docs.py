"""Writes docs/settings.md from what markrin/settings.py reads from the environment."""

import ast
import io
import tokenize
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

SOURCE = Path(settings.BASE_DIR) / "markrin" / "settings.py"
PATH = Path(settings.BASE_DIR) / "docs" / "settings.md"
HEAD = """# Settings

Read from the environment, by the name in the first column. `make up` sets what a developer needs.
A secret or an address has a default only with `DEBUG=1`: without it `manage.py check` names what
is missing and nothing starts. Defaults are shown as the code has them. Lists are comma-separated,
objects are JSON.

This file is written by `manage.py write_settings_docs`.
"""


def render_docs() -> str:
    """Return the document: a table for each section of the file."""
    source = SOURCE.read_text()
    comments = {
        token.start[0]: token.string.removeprefix("#").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    alone = {
        n for n, line in enumerate(source.splitlines(), 1) if line.startswith("#")
    }
    lines, section = [HEAD], ""
    for statement in ast.parse(source).body:
        for call in _env_calls(statement):
            head = next(
                (
                    comments[n]
                    for n in range(call.lineno, 0, -1)
                    if comments.get(n, "").startswith("--- ")
                ),
                "",
            )
            if head != section:
                section = head
                lines.append(
                    f"\n## {head.strip('- ')}\n| name | type | default | |\n| --- | --- |"
                    " --- | --- |"
                )
            lines.append(
                _table_row(call, _comment_text(statement, call, comments, alone))
            )
    return "\n".join(lines) + "\n"


def _env_calls(statement: ast.stmt) -> list[ast.Call]:
    """Return every `env.type("NAME", …)` of a statement."""
    return [
        node
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]


def _comment_text(
    statement: ast.stmt, call: ast.Call, comments: dict[int, str], alone: set[int]
) -> str:
    """Return the comment beside the call, to the end of its statement; or else the lines
    right above the statement that hold nothing `alone` but comment.
    """
    last = statement.end_lineno or statement.lineno
    beside = next(
        (comments[n] for n in range(last, call.lineno - 1, -1) if n in comments),
        "",
    )
    above, line = "", statement.lineno - 1
    while not beside and line in alone and not comments[line].startswith("--- "):
        above, line = f"{comments[line]} {above}".strip(), line - 1
    text = beside or above
    return text.split("noqa")[0].strip().replace("|", "\\|")


def _table_row(call: ast.Call, text: str) -> str:
    default = call.args[1:2] or [
        word.value for word in call.keywords if word.arg == "default"
    ]
    shown = f"`{ast.unparse(default[0])}`".replace("|", "\\|") if default else "-"
    # as _env_calls has seen
    name, kind = call.args[0].value, call.func.attr  # type: ignore[attr-defined]
    return f"| `{name}` | {kind} | {shown} | {text} |"


class Command(BaseCommand):
    requires_system_checks = ()  # needs nothing but the code
    help = (
        "Writes docs/settings.md from markrin/settings.py; --check only compares, and fails"
        " if it differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check, the dry run."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; exit 1 if the file is not up to date",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Write or compare.

        Raises:
            CommandError: --check found a difference.
        """
        document = render_docs()
        if options["check"]:
            if not PATH.exists() or PATH.read_text() != document:
                raise CommandError(
                    f"{PATH.name} is not up to date: run manage.py write_settings_docs"
                )
            return
        PATH.write_text(document)
        self.stdout.write(f"wrote {PATH.name}")
