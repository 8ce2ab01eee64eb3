"""URL converters for ids: `<uid:id>`, `<slugid:slug>`, and of pages `<pageslug:slug>` and
`<idorslug:key>`. All else is a 404 without a query.
"""

from uuid import UUID

from django.urls import register_converter

from markrin.api import fields


class Uid:
    """A UUID in canonical, lower-case spelling."""

    regex = fields.Uuid.regex.pattern
    stated = {"type": "string", "format": "uuid", "pattern": f"^{regex}$"}

    def to_python(self, value: str) -> UUID:
        return UUID(value)

    def to_url(self, value: UUID | str) -> str:
        return str(value)


class SlugId:
    """1 to 120 lower-case letters, digits and hyphens."""

    regex = fields.Slug.regex.pattern
    stated = {"type": "string", "pattern": f"^{regex}$"}

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class PageSlug(SlugId):
    """1 to 120 lower-case letters of any script, digits and hyphens."""

    regex = fields.PageSlug.regex.pattern
    stated = {"type": "string", "pattern": f"^{regex}$"}


class IdOrSlug(PageSlug):
    """A UUID becomes one; any other slug stays a string."""

    # wider than a slug's on purpose
    def to_python(self, value: str) -> UUID | str:  # type: ignore[override]
        return UUID(value) if fields.Uuid.regex.fullmatch(value) else value

    def to_url(self, value: UUID | str) -> str:
        return str(value)


register_converter(Uid, "uid")
register_converter(SlugId, "slugid")
register_converter(PageSlug, "pageslug")
register_converter(IdOrSlug, "idorslug")
