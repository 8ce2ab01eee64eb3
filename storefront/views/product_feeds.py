"""Feeds of products, to whoever knows their addresses."""

import hmac

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from storefront.models import ProductFeed
from storefront.product_feeds import writing
from storefront.product_feeds.formats import FORMATS


@require_safe
def show_feed(request: HttpRequest, token: str, file_name: str) -> HttpResponseBase:
    """Answer the feed's file, a piece at a time; 404 for a wrong address, or before it is
    written.
    """
    for form in FORMATS.values():
        known = hmac.compare_digest(
            token.encode(), writing.make_token(form.name).encode()
        )
        if known and file_name == form.file_name:
            return _open_feed(form.name, form.content_type)
    raise Http404


def _open_feed(name: str, content_type: str) -> HttpResponseBase:
    feed = ProductFeed.objects.filter(name=name).first()
    if feed is None:
        raise Http404
    try:
        file = default_storage.open(feed.file)
    except FileNotFoundError as exc:  # it was written anew a moment ago
        raise Http404 from exc
    response = FileResponse(file, content_type=content_type)
    response["Last-Modified"] = http_date(feed.written_at.timestamp())
    response["Cache-Control"] = "private, max-age=300"
    response["X-Robots-Tag"] = "noindex"
    return response
