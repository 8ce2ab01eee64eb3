"""The scripts and styles of earlier builds, for pages that are open since before a deploy.

Each build's files lie in the shop's storage as well, so every web process has those of the
others, on whichever machine it runs. Their names hold a hash: one is never another's.
"""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

FOLDER = "storefront-assets"
KEPT_DAYS = 14  # after the last start of a build that has the file


@dataclass(frozen=True)
class KeepResult:
    """How many files one run copied, found in the storage already, and deleted."""

    copied: int
    known: int
    dropped: int


def keep_assets() -> KeepResult:
    """Copy this build's files into the storage, and drop those that no build of the last
    KEPT_DAYS had. It may be run again, and by several at once.
    """
    names = set(_list_names())
    stored = set(default_storage.listdir(FOLDER)[1]) if _has_folder() else set()
    now = timezone.now()
    for name in names:
        path = f"{FOLDER}/{name}"
        if name in stored:
            # Its modification time says when a build last used it.
            if default_storage.get_modified_time(path) > now - timedelta(days=1):
                continue
            default_storage.delete(path)
        default_storage.save(
            path, ContentFile((_get_assets_dir() / name).read_bytes())
        )
    oldest = now - timedelta(days=KEPT_DAYS)
    old = [
        name
        for name in stored - names
        if default_storage.get_modified_time(f"{FOLDER}/{name}") < oldest
    ]
    for name in old:
        default_storage.delete(f"{FOLDER}/{name}")
    return KeepResult(len(names - stored), len(names & stored), len(old))


def read_asset(name: str) -> tuple[bytes, str] | None:
    """Return an earlier build's file and its media type, or None where there is none."""
    path = f"{FOLDER}/{name}"
    if not default_storage.exists(path):
        return None
    with default_storage.open(path) as file:
        content = file.read()
    return content, mimetypes.guess_type(name)[0] or "application/octet-stream"


def _get_assets_dir() -> Path:
    return Path(settings.STOREFRONT_DIR) / "assets"


def _list_names() -> Iterator[str]:
    """Yield the build's files; the compressed ones are only for WhiteNoise."""
    for file in _get_assets_dir().iterdir() if _get_assets_dir().is_dir() else ():
        if file.suffix in (".js", ".css", ".woff2", ".svg"):
            yield file.name


def _has_folder() -> bool:
    try:
        default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return False
    return True
