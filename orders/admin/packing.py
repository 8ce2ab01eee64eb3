"""What is to be packed: the orders that have waited longest first, and what to fetch for
them from the shelves.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from orders import selectors

ORDERS_PER_PAGE = 25  # orders on a page: what one person packs in a round


def show_packing_page(admin: Any, request: HttpRequest) -> HttpResponse:
    """Show a round of the queue; `admin` is the orders' ModelAdmin. A fixed number of queries."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    number = _read_page_number(request)
    orders, more = selectors.list_to_pack(
        first=(number - 1) * ORDERS_PER_PAGE, most=ORDERS_PER_PAGE
    )
    now = timezone.now()
    rounds = [
        {
            "order": order,
            "lines": order.lines.all(),
            "pieces": sum(line.quantity for line in order.lines.all()),
            "waits": _format_wait((now - order.created_at).total_seconds()),
            "link": reverse("admin:orders_order_change", args=[order.pk]),
            "steps": admin.step_links(order, "process", "ship")
            if admin.may_step(request)
            else "",
        }
        for order in orders
    ]
    context = {
        **admin.admin_site.each_context(request),
        "title": "To pack",
        "rounds": rounds,
        "picks": selectors.list_picks(orders),
        "page": number,
        "earlier": number - 1,
        "later": number + 1 if more else None,
        "total": selectors.count_to_pack(),
        "as_of": now,
    }
    answer: HttpResponse = TemplateResponse(request, "orders/packing.html", context)
    return answer


def _read_page_number(request: HttpRequest) -> int:
    """Return the page that is asked for, the first where that makes no sense."""
    text = request.GET.get("p", "1")
    return (
        int(text)
        if text.isascii()
        and text.isdecimal()
        and 1 <= int(text[:4]) <= 400
        and len(text) < 4
        else 1
    )


def _format_wait(seconds: float) -> str:
    hours = int(seconds // 3600)
    if hours < 1:
        return "less than an hour"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
