"""The query strings of the storefront's endpoints."""

import re
from dataclasses import dataclass

from django.conf import settings

from markrin.api import fields
from markrin.api.schemas import QuerySchema


@dataclass(frozen=True, kw_only=True)
class LanguageParams:
    language: str


class InLanguage(QuerySchema[LanguageParams]):
    """One of the shop's languages (SHOP_LANGUAGES); without it the shop's own."""

    language = fields.Text(
        max=10,
        pattern="|".join(re.escape(code) for code in settings.SHOP_LANGUAGES),
        load_default=settings.SHOP_LANGUAGES[0],
    )
