"""What comes in about the pictures of a product."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from PIL import Image

from markrin.api import fields
from markrin.api.schemas import InputSchema
from products.models.product import MAX_IMAGES

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000


@dataclass(frozen=True, kw_only=True)
class UploadedImage:
    """A decoded picture, and the text that stands for it."""

    file: Image.Image
    alt_text: str = ""
    color: str = ""


class UploadImage(InputSchema[UploadedImage]):
    file = fields.Image(max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS, required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")
    color = fields.Text(max=40, min=0, load_default="")


@dataclass(frozen=True, kw_only=True)
class LinkedImage:
    """The https address of a picture that stands elsewhere, and the text for it."""

    url: str
    alt_text: str = ""
    color: str = ""


class LinkImage(InputSchema[LinkedImage]):
    url = fields.HttpsUrl(required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")
    color = fields.Text(max=40, min=0, load_default="")


@dataclass(frozen=True, kw_only=True)
class ImageText:
    """The text that stands for an image where it cannot be seen, and the variants' colour that
    it shows; None leaves the colour as it is.
    """

    alt_text: str
    color: str | None = None


class UpdateImage(InputSchema[ImageText]):
    alt_text = fields.Text(max=200, min=0, required=True)
    color = fields.Text(max=40, min=0)


@dataclass(frozen=True, kw_only=True)
class ImageOrder:
    """All images of a product, in their order."""

    ids: Sequence[UUID]


class OrderImages(InputSchema[ImageOrder]):
    ids = fields.List(fields.Uuid(), max=MAX_IMAGES, unique=True, required=True)
