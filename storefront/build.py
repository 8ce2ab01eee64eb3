"""The storefront that `npm run build` wrote: its page, and the scripts of each route."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

_TITLE = re.compile(r"\s*<title>.*?</title>", re.DOTALL)
_DESCRIPTION = re.compile(r'\s*<meta name="description"[^>]*>')
_HTML = re.compile(r"<html[^>]*>")
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


@dataclass(frozen=True)
class Build:
    """`page` is index.html without the title and description, which each page brings."""

    page: str
    manifest: dict[str, dict[str, Any]]

    def list_files(self, source: str) -> list[str]:
        """Return the scripts that a source file's module needs beyond the page's own."""
        entry = self.manifest.get(source)
        if entry is None:
            return []
        files: list[str] = []
        waiting = [entry]
        while waiting:
            chunk = waiting.pop()
            file = str(chunk["file"])
            if file in files or f'"/{file}"' in self.page:
                continue
            files.append(file)
            waiting += [self.manifest[name] for name in chunk.get("imports", ())]
        return files

    def render_page(self, head: str, *, language: str) -> str:
        """Return the page in a language with this head."""
        direction = ' dir="rtl"' if language in RIGHT_TO_LEFT else ""
        html = f'<html lang="{language}"{direction}>'
        # A function, since a replacement text would have its backslashes interpreted.
        page = _HTML.sub(lambda _: html, self.page, count=1)
        start, charset, rest = page.partition('<meta charset="utf-8" />')
        return f"{start}{charset}{head}{rest}"


def read_build() -> Build | None:
    """Return the build in STOREFRONT_DIR, or None where there is none.

    It is kept in memory until index.html changes.
    """
    index = Path(settings.STOREFRONT_DIR) / "index.html"
    try:
        changed = index.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _load_build(index, changed)


@lru_cache(maxsize=2)
def _load_build(index: Path, changed: int) -> Build:
    page = _DESCRIPTION.sub("", _TITLE.sub("", index.read_text(), count=1), count=1)
    try:
        manifest = json.loads(
            (index.parent / ".vite" / "manifest.json").read_text()
        )
    except FileNotFoundError:
        manifest = {}
    return Build(page, manifest)
