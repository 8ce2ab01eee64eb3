"""Loopback may be called, as in development; and a way to add an endpoint."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from markrin.webhooks.models import WebhookEndpoint
from markrin.webhooks.secrets import encrypt_secret, make_secret
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def make_endpoint() -> Callable[..., WebhookEndpoint]:
    def make(url: str, **columns: Any) -> WebhookEndpoint:
        given = {"name": f"to {url}", "secret": encrypt_secret(make_secret())}
        return WebhookEndpoint.objects.create(url=url, **{**given, **columns})

    return make
