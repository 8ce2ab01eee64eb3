"""What comes in about categories."""

from dataclasses import dataclass
from uuid import UUID

from PIL import Image

from markrin.api import fields
from markrin.api.schemas import InputSchema, PatchSchema, T
from markrin.api.unset import UNSET, Unset
from products.schemas.images import MAX_BYTES, MAX_PIXELS


@dataclass(frozen=True, kw_only=True)
class CategoryInput:
    """A whole category, but for its picture."""

    name: str
    slug: str | None = None
    description: str
    parent_id: UUID | None
    position: int
    tax_class: str | None


class CategoryFields(InputSchema[T]):
    name = fields.Text(max=80, required=True)
    slug = fields.PageSlug()
    description = fields.Text(max=2000, min=0, multiline=True, load_default="")
    parent_id = fields.Uuid(allow_none=True, load_default=None)
    position = fields.Int(min=0, max=32_767, load_default=0)
    tax_class = fields.Slug(allow_none=True, load_default=None)


class CreateCategory(CategoryFields[CategoryInput]):
    pass


@dataclass(frozen=True, kw_only=True)
class CategoryChange:
    """Some fields of a category; the others stay."""

    name: str | Unset = UNSET
    slug: str | Unset = UNSET
    description: str | Unset = UNSET
    parent_id: UUID | Unset | None = UNSET
    position: int | Unset = UNSET
    tax_class: str | Unset | None = UNSET


class UpdateCategory(PatchSchema[CategoryChange], CategoryFields[CategoryChange]):
    pass


@dataclass(frozen=True, kw_only=True)
class CategoryPicture:
    """A decoded picture."""

    file: Image.Image


class UploadCategoryImage(InputSchema[CategoryPicture]):
    file = fields.Image(max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS, required=True)
