"""What comes in about inventory feeds."""

from markrin.api import fields
from markrin.api.schemas import PageQuery, UploadSchema
from products.models.feed import FeedMode, FeedState

SOURCE = r"[a-z0-9][a-z0-9-]{0,39}"
MAX_UPLOAD_BYTES = 20 * 1024 * 1024  # of an upload; larger ones come by file or address


class UploadFeed(UploadSchema):
    """A feed as a file, CSV or JSON lines."""

    file = fields.File(max_bytes=MAX_UPLOAD_BYTES, media_type="text/csv", required=True)
    source = fields.Text(max=40, pattern=SOURCE, required=True)
    sequence = fields.Int(min=0, max=2**62, required=True)
    mode = fields.Enum(FeedMode, load_default=FeedMode.COUNT)
    counted_at = fields.Timestamp(required=True)
    dry_run = fields.Bool(load_default=False)


class ListFeeds(PageQuery):
    source = fields.Text(max=40, pattern=SOURCE)
    state = fields.Enum(FeedState)
