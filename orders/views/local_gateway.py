"""The test gateway's own page, where a developer chooses how a payment goes. Not a part of
the API.
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from markrin import localized
from markrin.api import errors, problems
from markrin.db.models import uuid7
from orders import selectors
from orders.gateways import local
from orders.gateways.base import with_query
from orders.services import payments, provider_events

TYPES = {"success": "payment.succeeded", "failure": "payment.failed"}


@csrf_exempt  # no cookie counts here: who has the address was sent to it
@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, payment_id: UUID, token: str) -> HttpResponse:
    """Show the payment; on POST with `outcome=success` or `failure` tell the shop by a
    signed webhook, and go there.
    """
    try:
        payment = selectors.get_test_payment(payment_id=payment_id, token=token)
    except errors.NotFound as exc:
        return problems.problem_response(exc, request)
    context = {
        "payment": payment,
        "amount": localized.format_money(payment.amount, payment.currency),
    }
    type_ = TYPES.get(request.POST.get("outcome", ""))
    if type_ is None or payment.state != "created":
        return render(
            request,
            "orders/test_gateway.html",
            context,
            status=200 if request.method == "GET" else 409,
        )
    body, headers = local.webhook(
        event_id=f"evt_{uuid7().hex}",
        kind=type_,
        payment_id=payment.pk,
        amount=payment.amount,
        currency=payment.currency,
        error="" if type_ == "payment.succeeded" else "declined",
    )
    provider_events.receive_webhook(
        provider_name="test", body=body, headers=headers
    )
    back = payment.return_url or payments.return_url_of(payment.order)
    return HttpResponseRedirect(
        with_query(back, f"payment={request.POST['outcome']}")
    )
