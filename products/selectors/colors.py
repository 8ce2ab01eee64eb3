"""The shop's colours."""

from django.core.files.storage import default_storage

from markrin.db.sql import Row
from products.models import Color

MAX_COLORS = 1_000


def list_colors() -> list[Row]:
    """Return all colours with their swatches, by family and name: one query."""
    return [
        {
            "name": color.name,
            "family": color.family or color.name,
            "hex": color.hex or None,
            "picture": default_storage.url(color.picture.name)
            if color.picture
            else None,
        }
        for color in Color.objects.all()[:MAX_COLORS]
    ]
