"""How answers are written: JSON by orjson, and the choice of a type that the client accepts."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import orjson
from django.utils.functional import Promise
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from markrin.api import errors

JSON_TYPES = ("application/json", errors.PROBLEM_TYPE)


def _encode_other(value: object) -> object:
    if isinstance(value, Decimal | Promise):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


class JSONRenderer(BaseRenderer):
    """Writes JSON in UTF-8; times are RFC 3339 with `Z`, decimals strings."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, object] | None = None,
    ) -> bytes:
        """Return `data` as JSON; nothing where there is no answer (204)."""
        if data is None:
            return b""
        return orjson.dumps(
            data,
            default=_encode_other,
            option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS,
        )


class Negotiation(BaseContentNegotiation):
    """Accepts JSON, and for an operation that answers a file also that file's type. Source:
    RFC 9110 section 12.5.1.
    """

    def select_parser(
        self, request: Request, parsers: Iterable[BaseParser]
    ) -> BaseParser:
        """Return the one parser; it judges the media type itself."""
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the JSON renderer.

        Raises:
            NotAcceptable: Accept allows none of the types of this operation.
        """
        asked = request._request
        if asked.META.get("HTTP_ACCEPT", "").strip():
            context = request.parser_context or {}
            operation = getattr(context.get("view"), "operation", None)
            offered = [*JSON_TYPES, *(operation.file_types if operation else ())]
            if asked.get_preferred_type(offered) is None:
                raise errors.NotAcceptable
        return next(iter(renderers)), "application/json"
