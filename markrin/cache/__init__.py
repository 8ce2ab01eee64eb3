"""The answer cache of the catalogue. A view says what it may keep with `cached`; a changed
row says `touch`.

`docs/cache.md` explains the tiers and why no reader sees an old price.
"""

from markrin.cache.answers import cached
from markrin.cache.tags import drop, touch

__all__ = ["cached", "drop", "touch"]
