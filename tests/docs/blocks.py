"""Code blocks of Markdown pages, by their title."""

import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(
    r'^(?P<indent> *)```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n'
    r"(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


def read_blocks(page: str, language: str) -> dict[str, str]:
    """Return the page's blocks of this language, by title; without one, by their number."""
    text = (ROOT / page).read_text()
    return {
        match["title"] or str(number): textwrap.dedent(match["code"])
        for number, match in enumerate(_BLOCK.finditer(text))
        if match["language"] == language
    }


@contextmanager
def written_modules(blocks: dict[str, str]) -> Iterator[list[ModuleType]]:
    """Run each block as the module that its title names, in their order; forget them after."""
    made: list[ModuleType] = []
    attributes: list[tuple[ModuleType, str]] = []
    try:
        for title, code in blocks.items():
            name = title.removesuffix(".py").replace("/", ".")
            module = ModuleType(name)
            module.__file__ = title
            made.append(module)
            sys.modules[name] = module
            package, _, leaf = name.rpartition(".")
            parent = import_module(package)
            setattr(parent, leaf, module)
            attributes.append((parent, leaf))
            exec(compile(code, title, "exec"), module.__dict__)  # noqa: S102 (our own page)
        yield made
    finally:
        for module in made:
            del sys.modules[module.__name__]
        for parent, leaf in attributes:
            delattr(parent, leaf)
