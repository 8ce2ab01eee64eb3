"""The payment provider of docs/extending.md: its code is run, as it stands there."""

import hashlib
import hmac
import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as shop

from orders import gateways
from orders.models import Order
from orders.models.order_status import OrderStatus
from orders.services import payment_polling, refunds, transitions
from orders.services.lifecycle import Actor
from orders.staff_schemas import Move
from tests.factories import key, make_cart_line, order_body
from tests.providers.server import Answer, Call, StandIn, Webhook, public

DOC = Path(shop.BASE_DIR) / "docs" / "extending.md"


class Acme(StandIn):
    """The made-up company of the document."""

    name = "acme"

    def handle(self, call: Call) -> Answer:
        if match := re.fullmatch(r"/pages(?:/(\w+))?(?:/(\w+))?", call.path):
            id_, action = match.groups()
            if id_ is None:
                sent = call.sent
                known = [
                    one for one in self.all("page") if one["key"] == sent["key"]
                ]
                page = (
                    known[0]
                    if known
                    else self.keep("page", {**sent, "id": self.new_id("page")})
                )
                page.setdefault("state", "open")
                page["url"] = f"{self.url}/show/{page['id']}"
                return Answer.of(200, public(page))
            page = self.objects[id_]
            if action == "close" and page["state"] != "paid":
                page["state"] = "closed"
            if action == "refunds":
                return Answer.of(200, {"id": self.new_id("back"), "done": True})
            return Answer.of(200, public(page))
        return Answer.of(404, {})

    def sign(self, body: bytes, webhook: Webhook) -> dict[str, str]:
        mac = hmac.new(b"hook", body, hashlib.sha256).hexdigest()
        return {"X-Acme-Signature": mac}

    def tell_event(self, page: dict[str, Any], state: str) -> None:
        page["state"] = state
        self.webhooks.add(
            Webhook(page["id"], state, json.dumps(public(page)).encode())
        )


@pytest.fixture
def acme(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Acme]:
    """Add the document's provider, by its file and its line."""
    text = DOC.read_text()
    code = re.search(r"```python\n(\"\"\"Acme Pay.*?)```", text, re.DOTALL)
    line = re.search(r'"(acme)": "(orders\.gateways\.acme\.\w+)"', text)
    assert code is not None
    assert line is not None
    module = types.ModuleType("orders.gateways.acme")
    exec(compile(code[1], str(DOC), "exec"), module.__dict__)  # noqa: S102 (our own text)
    monkeypatch.setitem(sys.modules, "orders.gateways.acme", module)
    monkeypatch.setitem(gateways.PROVIDERS, line[1], line[2])
    stand_in = Acme()
    with stand_in.running():
        settings.ONLINE_PROVIDER, settings.ACME_API_BASE = "acme", stand_in.url
        settings.ACME_KEY, settings.ACME_WEBHOOK_SECRET = "k", "hook"
        yield stand_in


def place(api: Any, customer: Any) -> Order:
    make_cart_line(customer=customer)
    body = order_body(customer, paymentMethod="online")
    placed = api.as_user(customer).post("/api/orders", body, headers=key())
    assert placed.json()["payment"]["provider"] == "acme"
    return Order.objects.get(pk=placed.json()["id"])


def test_the_provider_of_the_document_takes_an_order_and_gives_the_money_back(
    api, customer, acme
):
    order = place(api, customer)
    acme.tell_event(acme.all("page")[0], "declined")
    acme.tell_event(acme.all("page")[0], "paid")
    outcomes = []
    for body, headers in acme.webhooks.take():
        url = "/api/payments/webhooks/acme"
        answer = api.send("POST", url, body, "application/json", headers=headers)
        outcomes.append(answer.json()["outcome"])
    assert outcomes == ["declined", "paid"]
    transitions.move_order(
        Move(status=OrderStatus.CANCELLED), order_id=order.pk, actor=Actor("staff")
    )
    refunds.send_refund(refund_id=order.refunds.get().pk)
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("cancelled", "refunded")


def test_the_provider_of_the_document_is_asked(api, customer, acme):
    order = place(api, customer)
    acme.all("page")[0]["state"] = "paid"  # and its webhook is lost
    payment_polling.ask(order.payments.get())
    order.refresh_from_db()
    assert order.payment_status == "paid"
    assert order.payments.get().ask_at is None


def test_a_webhook_of_the_document_is_signed(api, acme):
    url = "/api/payments/webhooks/acme"
    answer = api.send("POST", url, b"{}", "application/json", headers={})
    assert answer.status_code == 400
