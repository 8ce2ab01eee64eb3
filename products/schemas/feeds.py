"""What comes in about inventory feeds."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import UploadedFile

from markrin.api import fields
from markrin.api.schemas import PageParams, PageQuery, UploadSchema
from products.models.feed import FeedMode, FeedState

if TYPE_CHECKING:
    FeedFile = UploadedFile[bytes]
else:  # it takes no parameter when it runs
    FeedFile = UploadedFile

SOURCE = r"[a-z0-9][a-z0-9-]{0,39}"
MAX_UPLOAD_BYTES = 20 * 1024 * 1024  # larger ones come by file or address


@dataclass(frozen=True, kw_only=True)
class UploadedFeed:
    """A feed: its file, who counted and when, and its number among those of its source."""

    file: FeedFile
    source: str
    sequence: int
    mode: FeedMode
    counted_at: datetime
    dry_run: bool


class UploadFeed(UploadSchema[UploadedFeed]):
    """A feed as a file, CSV or JSON lines."""

    file = fields.File(
        max_bytes=MAX_UPLOAD_BYTES, media_type="text/csv", required=True
    )
    source = fields.Text(max=40, pattern=SOURCE, required=True)
    sequence = fields.Int(min=0, max=2**62, required=True)
    mode = fields.Enum(FeedMode, load_default=FeedMode.COUNT)
    counted_at = fields.Timestamp(required=True)
    dry_run = fields.Bool(load_default=False)


@dataclass(frozen=True, kw_only=True)
class FeedFilter(PageParams):
    """Which feeds a list shows."""

    source: str | None = None
    state: FeedState | None = None


class ListFeeds(PageQuery[FeedFilter]):
    source = fields.Text(max=40, pattern=SOURCE)
    state = fields.Enum(FeedState)
