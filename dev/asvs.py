"""The table of OWASP ASVS 5.0 in docs/security.md: each requirement of levels 1 and 2, and
the tests that hold it.

The tests say so themselves, by `@pytest.mark.asvs("2.3.4")`; docs/asvs.txt has the list, in
our words, and what no test can hold. `python -m dev.asvs` writes the table, `--check` (a
part of `make check`) says whether it is up to date."""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.stack import ROOT

LIST = ROOT / "docs" / "asvs.txt"
PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- asvs: begin -->", "<!-- asvs: end -->"
KINDS = {"-": "does not apply", "=": "by design", "@": "yours"}


class ListError(Exception):
    """List and tests do not fit together; the message says where."""


@dataclass(frozen=True)
class Requirement:
    """One requirement: its number, level, what it is about, and why no test holds it, if
    none can.
    """

    number: str
    level: int
    about: str
    kind: str
    note: str


def read_requirements(text: str) -> list[Requirement]:
    """Return the list. Raises: ListError."""
    requirements = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        left, bar, right = line.partition("|")
        number, level, about = left.strip().split(" ", 2)
        kind, _, note = right.strip().partition(" ")
        if not bar or level not in "12" or kind not in ("", *KINDS):
            raise ListError(f"docs/asvs.txt: {line}")
        requirements.append(Requirement(number, int(level), about, kind, note))
    twice = [
        number
        for number, count in Counter(
            requirement.number for requirement in requirements
        ).items()
        if count > 1
    ]
    if twice:
        raise ListError(f"docs/asvs.txt has twice: {', '.join(twice)}")
    return requirements


def find_tests(folder: Path) -> dict[str, list[str]]:
    """Return `file::test` of every test that names a requirement, by its number."""
    tests_by_number: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for number in _marked(node):
                    tests_by_number[number].append(
                        f"{path.relative_to(folder.parent)}::{node.name}"
                    )
    return tests_by_number


def _marked(test: ast.FunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        if (
            isinstance(mark, ast.Call)
            and ast.unparse(mark.func) == "pytest.mark.asvs"
        ):
            yield from (str(ast.literal_eval(argument)) for argument in mark.args)


def render_table(
    requirements: list[Requirement], tests: dict[str, list[str]]
) -> str:
    """Return the table in Markdown. Raises: ListError where a test names what does not apply."""
    known = {requirement.number: requirement for requirement in requirements}
    counts: Counter[str] = Counter()
    rows = []
    for requirement in requirements:
        held = tests.get(requirement.number, [])
        if held and requirement.kind == "-":
            raise ListError(
                f"{held[0]} holds {requirement.number}, which docs/asvs.txt says does not apply"
            )
        status = "tested" if held else KINDS.get(requirement.kind, "open")
        counts[status] += 1
        names = [f"`{name.removeprefix('tests/')}`" for name in held]
        how = "; ".join([*names, *([requirement.note] if requirement.note else [])])
        rows.append(
            f"| {requirement.number} | {requirement.level} | {requirement.about}"
            f" | {status} | {how} |"
        )
    higher = sorted({number for number in tests if number not in known})
    total = ", ".join(
        f"{count} {status}" for status, count in sorted(counts.items())
    )
    lines = [
        f"{len(requirements)} requirements: {total}. Paths are below `tests/`.",
        "",
    ]
    if higher:
        lines[0] += f" Tests also hold {', '.join(higher)} of level 3."
    lines += [
        "| | level | about | | held by |",
        "| --- | --- | --- | --- | --- |",
        *rows,
    ]
    return "\n".join(lines)


def main() -> int:
    """Write the table, or with `--check` compare it; return the exit code."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = render_table(
        read_requirements(LIST.read_text()), find_tests(ROOT / "tests")
    )
    new_page = f"{before}{BEGIN}\n{table}\n{END}{after}"
    if "--check" in sys.argv:
        if new_page != page:
            print(
                "docs/security.md is older than the tests: run `python -m dev.asvs`.",
                file=sys.stderr,
            )
        return int(new_page != page)
    PAGE.write_text(new_page)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ListError as error:
        sys.exit(f"markrin: {error}")
