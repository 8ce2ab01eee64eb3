"""Papers of the order desk, printed by the browser: packing slips one a page, labels, the pick
list by where things lie.
"""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString

from markrin import localized
from markrin.admin.base import ModelAdmin
from orders import labels, queues
from orders.labels import ParcelPaper
from orders.models import Order

KINDS: Final = {"slips": "Packing slips", "labels": "Labels", "picks": "Pick list"}
MAX_PRINTED: Final = 100  # orders at once


def show_papers(admin: ModelAdmin, request: HttpRequest, kind: str) -> HttpResponse:
    """Show the papers of the orders that `order` names, for printing; `admin` is the orders'
    ModelAdmin. A fixed number of queries.
    """
    if not admin.has_view_permission(request):
        raise PermissionDenied
    if kind not in KINDS:
        raise Http404
    chosen = (request.POST or request.GET).getlist("order")[:MAX_PRINTED]
    ids = [text for text in chosen if _is_uuid(text)]
    orders = list(queues.load_orders(Order.objects.filter(pk__in=ids)))
    papers = [paper for order in orders for paper in labels.list_papers(order)]
    shown = {paper.order.pk for paper in papers}
    picks = queues.list_picks(orders) if kind == "picks" else []
    context = {
        "title": KINDS[kind] if orders else "No order was chosen",
        "kind": kind,
        "orders": orders,
        "picks": picks,
        "papers": [(paper, _render_paper(kind, paper)) for paper in papers]
        if kind != "picks"
        else [],
        "missing": [order.number for order in orders if order.pk not in shown],
        "back": reverse("admin:orders_order_changelist"),
    }
    answer: HttpResponse = TemplateResponse(request, "orders/print.html", context)
    return answer


def _render_paper(kind: str, paper: ParcelPaper) -> SafeString:
    """Return a label, or a slip in the customer's language."""
    language = paper.order.language or settings.LANGUAGE_CODE
    context = {
        "paper": paper,
        "shop": settings,
        "cash": localized.format_money(paper.cash, paper.order.currency)
        if paper.cash
        else "",
        "language": language,
        "direction": "rtl"
        if translation.get_language_info(language)["bidi"]
        else "ltr",
    }
    if kind == "labels":
        return render_to_string("orders/label.html", context)
    with translation.override(language):
        return render_to_string("orders/slip.html", context)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
