"""The pages name only what there is: files, commands, targets, modules, options, identifiers."""

import re
from functools import cache
from pathlib import PurePosixPath

import pytest
from django.core.management import get_commands

from tests.docs.blocks import ROOT

PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        ROOT / "docs/asvs.txt",
    ]
    if path.name != "CHANGELOG.md"  # it tells of what is gone
)
FOLDERS = (
    "accounts|analytics|benchmarks|demo|deploy|dev|docs|frontend|markrin|orders|products"
    "|storefront|tests"
)
FILE_TYPES = "py|md|tsx?|toml|ya?ml|sh|conf|mjs|txt"
TEXT = {
    ".py",
    ".toml",
    ".yaml",
    ".conf",
    ".html",
    ".css",
    ".ts",
    ".tsx",
    ".mjs",
    ".json",
    ".in",
}
# What can only be ours, wherever it stands: in a sentence, in a block of commands.
OF_OURS = (
    rf"(?<![\w/.-])(?:{FOLDERS})/[\w./-]+\.(?:{FILE_TYPES})\b"
    rf"|manage\.py [a-z]\w+(?: --[a-z-]+)*|python -m (?:{FOLDERS})\.[\w.]+|^ {{4}}make [a-z-]+"
)
# What belongs to others, or is an example.
ELSEWHERE = {
    "acme.py",
    "materials.py",
    "dist",
    "mapping.toml",
    "robots.txt",
    "archive_mode",
    "archive_command",
    "xact_start",
}
ELSEWHERE |= {
    "n_dead_tup",
    "pg_stat_statements",
    "pg_stat_user_tables",
    "pg_upgrade",
}
ELSEWHERE |= {"randomly-seed", "__Secure"}


@cache
def files() -> frozenset[str]:
    skipped = {".venv", "node_modules", ".git", ".local", "dist"}
    return frozenset(
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*")
        if path.is_file() and not skipped & set(path.relative_to(ROOT).parts[:-1])
    )


@cache
def words() -> frozenset[str]:
    """Return every identifier of the code, and every part of a file's path."""
    found: set[str] = set()
    for name in files() - {"tests/docs/test_names.py"}:
        path = PurePosixPath(name)
        found.update(re.findall(r"\w+", name))
        if path.suffix in TEXT or path.name in {"Makefile", "Dockerfile"}:
            found.update(re.findall(r"[\w-]+|\w+", (ROOT / name).read_text()))
            found.update(re.findall(r"\w+", (ROOT / name).read_text()))
    return frozenset(found)


def is_file(name: str) -> bool:
    return any(file == name or file.endswith(f"/{name}") for file in files())


def is_folder(name: str) -> bool:
    return is_file(name) or any(file.startswith(f"{name}/") for file in files())


def find_unknown(code: str) -> list[str]:
    """Return the names in a piece of code of a page that nothing has."""
    targets = re.findall(
        r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    known = {
        rf"(?<![\w/.:{{}}-])((?:[\w.-]+/)*[\w-]+\.(?:{FILE_TYPES}))\b": is_file,
        rf"(?<![\w/.-])((?:{FOLDERS})(?:/[\w-]+)+)(?![\w./*-])": is_folder,
        r"manage\.py ([a-z]\w+)": get_commands().__contains__,
        r"\bmake ([a-z][a-z-]+)": targets.__contains__,
        rf"python -m ((?:{FOLDERS})[\w.]+)": lambda name: (
            is_folder(name.replace(".", "/"))
            or is_file(name.replace(".", "/") + ".py")
        ),
        r"(?<!\w)--([a-z][a-z-]+)": lambda name: bool(
            {name, f"--{name}", name.replace("-", "_")} & words()
        ),
        r"(?<![\w$])([A-Za-z]\w*_\w*\w(?<!_))(?![\w…*])": words().__contains__,
        r"::(test_\w+)": words().__contains__,
    }
    return [
        name
        for pattern, exists in known.items()
        for name in re.findall(pattern, code)
        if PurePosixPath(name).name not in ELSEWHERE and not exists(name)
    ]


@pytest.mark.parametrize("source", PAGES)
def test_a_page_names_what_there_is(source):
    text = (ROOT / source).read_text()
    fenced = r"^ *```.*?^ *```"
    blocks = "\n".join(re.findall(fenced, text, flags=re.MULTILINE | re.DOTALL))
    text = re.sub(fenced, "", text, flags=re.MULTILINE | re.DOTALL)
    blocks += "\n".join(re.findall(r"^ {4}.+$", text, flags=re.MULTILINE))
    codes = re.findall(r"`([^`\n]+)`", text)
    codes += re.findall(OF_OURS, text + blocks, flags=re.MULTILINE)
    assert {
        code: unknown for code in codes if (unknown := find_unknown(code))
    } == {}


@pytest.mark.parametrize(
    "source", [name for name in PAGES if name != "docs/asvs.txt"]
)
def test_a_setting_in_an_example_exists(source):
    lines = re.findall(
        r"^ *(?:export )?[A-Z][A-Z0-9_]+=.*$",
        (ROOT / source).read_text(),
        re.MULTILINE,
    )
    names = re.findall(r"(?<![\w/\"'])([A-Z][A-Z0-9_]{3,})=", "\n".join(lines))
    assert [name for name in names if name not in words()] == []


def test_what_there_is_not_is_found():
    for code in (
        "markrin/api/nosuch.py",
        "products/nosuch",
        "manage.py nosuch",
        "make nosuch",
        "python -m dev.nosuch",
        "verify --unheard-of",
        "NO_SUCH_SETTING",
    ):
        assert find_unknown(code), code
