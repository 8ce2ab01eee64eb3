"""A script or style that this build lacks and an earlier one had."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from storefront import former_assets

_FOR_EVER = (
    "public, max-age=31536000, immutable"  # the name holds a hash of the content
)


@require_safe
def show_former_asset(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a file of an earlier build. WhiteNoise answers those of the current one."""
    asset = former_assets.read_asset(name)
    if asset is None:
        raise Http404
    content, media_type = asset
    response = HttpResponse(content, content_type=media_type)
    response["Cache-Control"] = _FOR_EVER
    return response
