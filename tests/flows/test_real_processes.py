"""The same purchase through the shop's own processes: web server, relay and worker, up to
the mail in its file.
"""

import json
import os
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from dev.processes import wait_for
from tests import services
from tests.factories import SHIPPING_ADDRESS, make_product, make_variant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def post(url: str, body: dict[str, Any], **headers: str) -> Any:
    data = json.dumps(body, default=str).encode()
    request = urllib.request.Request(  # noqa: S310 (ours)
        url, data, {"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 (ours)
        return json.load(answer)


def test_a_guests_order_ends_in_a_mail():
    variant = make_variant(product=make_product(name="Linen shirt"))
    mails = Path(os.environ["LOCAL_DIR"]) / "mails-of-flow"
    env = {
        "EMAIL_BACKEND": "markrin.mail.backends.FileBackend",
        "MAIL_DIR": str(mails),
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    with (
        services.web(env=env) as web,
        services.relay(env=env),
        services.worker("email", env=env),
    ):
        cart = post(
            f"{web.url}/api/cart/items", {"variantId": variant.pk, "quantity": 1}
        )
        body = {
            "shippingAddress": SHIPPING_ADDRESS,
            "email": "guest@example.com",
            "paymentMethod": "cod",
        }
        headers = {"X-Cart-Token": cart["token"], "Idempotency-Key": "flow"}
        order = post(f"{web.url}/api/orders", body, **headers)
        assert wait_for(lambda: any(mails.glob("*.eml")), seconds=120)
    (file,) = mails.glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == (
        "guest@example.com",
        f"Your order {order['number']}",
    )
    text = mail.get_body(("plain",))
    assert text is not None
    assert "1 × Linen shirt" in text.get_content()
