"""Removes picture files that nothing refers to: what a killed process has stored and not shown, or
what could not be removed when its picture went.
"""

import re
from datetime import timedelta
from typing import Final

import structlog
from django.core.files.storage import default_storage
from django.utils import timezone

from products.services import media_files

log = structlog.get_logger(__name__)

_FOLDER: Final = "products"
_YOUNG: Final = timedelta(
    days=1
)  # a file may be stored before its row is committed
_THUMBNAIL: Final = re.compile(r"-\d+(?=\.\w+$)")
_CHUNK: Final = 500


def remove_unused_pictures() -> int:
    """Remove product pictures older than a day that no product shows; return how many files."""
    removed = 0
    files = _list_files()
    for start in range(0, len(files), _CHUNK):
        names = files[start : start + _CHUNK]
        of_main = {name: _THUMBNAIL.sub("", name) for name in names}
        used = media_files.find_used({*names, *of_main.values()})
        old = timezone.now() - _YOUNG
        doomed = [
            name
            for name, main in of_main.items()
            if main not in used
            and name not in used
            and default_storage.get_modified_time(name) < old
        ]
        media_files.remove_files(doomed)
        removed += len(doomed)
    if removed:
        log.info("unused_pictures_removed", files=removed)
    return removed


def _list_files() -> list[str]:
    try:
        _folders, files = default_storage.listdir(_FOLDER)
    except FileNotFoundError:
        return []
    return [f"{_FOLDER}/{name}" for name in sorted(files)]
