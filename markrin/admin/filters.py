"""Filters that stay: a list opens as its user left it, until they reset it."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseRedirect

from markrin.admin.models import QUERY_MAX, SavedFilter
from markrin.admin.staff import get_staff

RESET = "_reset"
# A page's number, a search and Django's own: they belong to one visit.
_NOT_KEPT = frozenset(
    {
        "p",
        "q",
        "e",
        "all",
        "_popup",
        "_to_field",
        "_facets",
        "_changelist_filters",
        RESET,
    }
)


def restore_or_save_filter(request: HttpRequest) -> HttpResponseRedirect | None:
    """Keep the filters of this visit to a list, or lead to those that were kept, or forget them.

    A visit without any comes from elsewhere, and gets what was kept; or from the list
    itself, where somebody has just cleared them. One query, and a second one where
    something changes."""
    user_id = get_staff(request).pk
    kept = SavedFilter.objects.filter(user_id=user_id, page=request.path)
    if RESET in request.GET:
        kept.delete()
        return HttpResponseRedirect(request.path)
    query = filter_query(request)
    if not request.GET and not _comes_from_itself(request):
        before = kept.values_list("query", flat=True).first()
        return HttpResponseRedirect(f"{request.path}?{before}") if before else None
    if not query or "e" in request.GET or len(query) > QUERY_MAX:
        kept.delete()
    elif kept.values_list("query", flat=True).first() != query:
        SavedFilter.objects.update_or_create(
            user_id=user_id, page=request.path, defaults={"query": query}
        )
    return None


def filter_query(request: HttpRequest) -> str:
    """Return the filters and the order of a list as a query string."""
    chosen = request.GET.copy()
    for name in _NOT_KEPT:
        chosen.pop(name, None)
    return chosen.urlencode()


def _comes_from_itself(request: HttpRequest) -> bool:
    return urlsplit(request.headers.get("Referer", "")).path == request.path
