"""The receiver of docs/webhooks.md, as it stands there, takes what the shop sends."""

import io
from typing import Any

from markrin.webhooks import secrets
from markrin.webhooks.services import endpoints
from tests.docs.blocks import read_blocks
from tests.outbox.helpers import drain
from tests.webhooks.receiver import Received


def call(app: Any, request: Received, *, body: bytes | None = None) -> str:
    """Return the status that the receiver answers."""
    sent = request.body if body is None else body
    environ = {
        "wsgi.input": io.BytesIO(sent),
        "CONTENT_LENGTH": str(len(sent)),
        **{
            "HTTP_" + name.upper().replace("-", "_"): value
            for name, value in request.headers.items()
        },
    }
    told: list[str] = []
    app(environ, lambda status, headers: told.append(status))
    return told[0]


def test_the_receiver_of_the_page(
    transactional_db, receiver, make_endpoint, monkeypatch
):
    endpoint = make_endpoint(receiver.url())
    for _ in range(2):
        endpoints.send_test(endpoint_id=endpoint.pk)
    drain()
    first, second = receiver.received
    monkeypatch.setenv(
        "SHOP_WEBHOOK_SECRET", secrets.decrypt_secret(endpoint.secret)
    )
    page: dict[str, Any] = {}
    # our own page
    exec(read_blocks("docs/webhooks.md", "python")["receiver.py"], page)  # noqa: S102
    for one in (second, first, second):
        assert call(page["app"], one) == "204 No Content"
    assert set(page["seen"]) == {first.message_id, second.message_id}
    newest = page["seen"][second.message_id]["sequence"]
    assert page["newest"] == {str(endpoint.pk): newest}
    assert call(page["app"], first, body=b"{}") == "401 Unauthorized"
