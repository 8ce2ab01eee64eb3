"""The addresses of the shop's pages."""

from django.conf import settings
from django.utils.encoding import iri_to_uri


def get_origin() -> str:
    """Return the shop's scheme and host, without a slash at the end."""
    return str(settings.SHOP_URL).rstrip("/")


def make_absolute(url: str) -> str:
    """Return a path of the shop with its origin before it, in ASCII; any other URL as it is."""
    return f"{get_origin()}{iri_to_uri(url)}" if url.startswith("/") else url


def get_page_url(path: str, *, language: str) -> str:
    """Return a page's absolute URL in a language. The shop's own language has no prefix."""
    if language == settings.SHOP_LANGUAGES[0]:
        return make_absolute(path)
    return make_absolute(f"/{language}{'' if path == '/' else path}")
