"""An event on its way: written down with its subject, signed, sent, tried again, given up."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from markrin.outbox import services as outbox
from markrin.outbox.models import OutboxEvent
from markrin.webhooks import secrets, tasks
from markrin.webhooks.models import (
    OffReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from markrin.webhooks.services import endpoints, pruning
from orders import events
from products.models import InventoryPolicy
from products.services.stock import policies
from tests.factories import make_order, make_variant
from tests.outbox.helpers import drain
from tests.webhooks.receiver import receiving

pytestmark = pytest.mark.django_db


def outcomes() -> list[tuple[str, str]]:
    """Run what is due; return what became of the deliveries."""
    return [one for one in drain() if one[0] == "webhooks.deliver"]


def try_again_at(moment: Any) -> list[tuple[str, str]]:
    """Let the waiting deliveries be due, and their endpoints not rest any more."""
    waiting = OutboxEvent.objects.filter(task="webhooks.deliver", state="waiting")
    with time_machine.travel(moment, tick=True):
        waiting.update(run_after=timezone.now() - timedelta(days=9))
        return outcomes()


def test_an_order_is_told_as_it_is_and_signed(receiver, make_endpoint):
    endpoint = make_endpoint(receiver.url(), event_types=["order.placed"])
    order = make_order(variant=make_variant(stock=5))
    assert outcomes() == [("webhooks.deliver", "done")]
    (came,) = receiver.received
    secret = secrets.decrypt_secret(endpoint.secret)
    told = Webhook(secret).verify(came.body, came.headers)
    event = WebhookEvent.objects.get(type="order.placed")
    assert told["type"] == "order.placed"
    assert told["id"] == came.message_id == f"evt_{event.pk.hex}"
    assert (told["sequence"], told["version"]) == (event.position, 1)
    assert told["subjectId"] == told["data"]["id"] == str(order.pk)
    assert told["data"]["total"] == f"{order.total:.2f}"
    assert told["data"]["email"] == order.email
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets.make_secret()).verify(came.body, came.headers)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("delivered", 1)
    assert WebhookAttempt.objects.get().response == "noted"


def test_the_signature_is_the_specifications():
    """The vector of the specification's own libraries."""
    signed = secrets.sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, tz=UTC),
        body='{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_endpoint_gets_what_it_asked_for(receiver, make_endpoint):
    make_endpoint(receiver.url("/orders"), event_types=["order.placed"])
    make_endpoint(receiver.url("/all"))
    make_endpoint(receiver.url("/off"), off_reason=OffReason.STAFF)
    make_order(variant=make_variant(stock=5))
    drain()
    came = sorted(
        (one.path, json.loads(one.body)["type"]) for one in receiver.received
    )
    assert ("/orders", "order.placed") in came
    assert ("/all", "order.placed") in came
    assert {path for path, _ in came} == {"/orders", "/all"}
    assert {kind for path, kind in came if path == "/orders"} == {"order.placed"}
    assert "stock.changed" in {kind for path, kind in came if path == "/all"}


def test_an_order_that_is_paid_and_cancelled_is_told_of_each(
    receiver, make_endpoint
):
    """Their rows name the same order, and are rows of their own."""

    order = make_order(variant=make_variant(stock=5))
    outbox.add(events.OrderPaid(order.pk), events.OrderCancelled(order.pk))
    outbox.add(events.OrderPaid(order.pk))
    drain()
    types = list(
        WebhookEvent.objects.filter(subject_id=order.pk)
        .order_by("position")
        .values_list("type", flat=True)
    )
    assert sorted(types) == ["order.cancelled", "order.paid", "order.placed"]


def send_one(make_endpoint: Any, url: str, **columns: Any) -> WebhookEndpoint:
    endpoint: WebhookEndpoint = make_endpoint(url, **columns)
    endpoints.send_test(endpoint_id=endpoint.pk)
    return endpoint


@pytest.fixture
def one_off(transactional_db: None) -> None:
    """Services of their own transactions."""


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_and_arrives(
    one_off, make_endpoint, status
):
    with receiving(status=status, location="http://10.0.0.1/") as one:
        endpoint = send_one(make_endpoint, one.url())
        assert outcomes() == [("webhooks.deliver", "retry")]
        endpoint.refresh_from_db()
        assert (endpoint.failures, endpoint.failing_since is None) == (1, False)
        one.status, one.location = 204, ""
        assert try_again_at(timezone.now()) == [("webhooks.deliver", "done")]
        assert set(one.count().values()) == {2}  # by the same id
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)
    assert list(WebhookAttempt.objects.values_list("status", flat=True)) == [
        status,
        204,
    ]


def test_who_is_gone_gets_nothing_more_and_staff_are_told(
    one_off, make_endpoint, settings
):
    settings.STAFF_MAIL = ["ops@example.com"]
    with receiving(status=410) as one:
        endpoint = send_one(make_endpoint, one.url())
        assert outcomes() == [("webhooks.deliver", "done")]
        endpoint.refresh_from_db()
        assert endpoint.off_reason == OffReason.GONE
        assert WebhookDelivery.objects.get().state == "failed"
        assert [message.subject for message in mail.outbox] == [
            f"The webhook {endpoint.name} is switched off"
        ]
        make_order(variant=make_variant(stock=5))
        drain()
        assert len(one.received) == 1


def test_after_three_days_without_an_answer_it_is_over(
    one_off, make_endpoint, settings
):
    settings.STAFF_MAIL = ["ops@example.com"]
    with receiving(status=503) as one:
        endpoint = send_one(make_endpoint, one.url())
        outcomes()
        now = timezone.now()
        try_again_at(now + timedelta(days=1, hours=1))
        try_again_at(now + timedelta(days=3, hours=1))
        assert len(one.received) == 2  # the third is too late to be sent
        assert WebhookDelivery.objects.get().state == "failed"
        assert [message.subject for message in mail.outbox] == [
            f"The webhook {endpoint.name} takes nothing"
        ]
        one.status = 200
        with time_machine.travel(now + timedelta(days=4), tick=True):
            again = endpoints.send_again(
                endpoint_id=endpoint.pk, since=now - timedelta(days=1)
            )
            assert again == 1
            drain()
        assert WebhookDelivery.objects.get().state == "delivered"


def test_one_that_fails_is_left_alone_and_no_other_waits_for_it(
    one_off, receiver, make_endpoint
):
    with receiving(status=500) as bad:
        failing = make_endpoint(bad.url())
        make_endpoint(receiver.url())
        for _ in range(12):
            make_order(variant=make_variant(stock=5))
        drain()
        events = WebhookEvent.objects.count()
        assert len(receiver.received) == events  # every one of them
        assert len(bad.received) == 3  # then it rests
    failing.refresh_from_db()
    assert failing.paused_until > timezone.now()
    waiting = OutboxEvent.objects.filter(task="webhooks.deliver", state="waiting")
    assert waiting.count() == events
    assert (
        waiting.filter(attempts=0).count() == events - 3
    )  # rests cost no attempts


def test_what_a_dead_job_leaves_is_given_up_and_can_be_sent_again(
    one_off, receiver, make_endpoint
):
    endpoint = make_endpoint(receiver.url())
    endpoints.send_test(endpoint_id=endpoint.pk)
    jobs = OutboxEvent.objects.filter(task="webhooks.deliver")
    long_ago = timezone.now() - timedelta(hours=1)
    jobs.update(
        state="dead",
        error="RunsLost: lost too often",
        wake_at=None,
        finished_at=long_ago,
    )
    WebhookDelivery.objects.update(due_at=long_ago)
    with pytest.raises(CommandError):
        call_command("verify", only="what waits to be delivered", stdout=StringIO())
    tasks.give_up_unsendable()
    call_command("verify", only="what waits to be delivered", stdout=StringIO())
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", 0)
    assert "lost too often" in delivery.error
    assert endpoints.send_again(endpoint_id=endpoint.pk, since=long_ago) == 1
    assert outcomes() == [("webhooks.deliver", "done")]
    assert len(receiver.received) == 1
    tasks.give_up_unsendable()  # the dead job is an earlier turn's
    assert WebhookDelivery.objects.get().state == "delivered"


@pytest.mark.asvs("1.3.6")
def test_it_never_calls_a_private_address(one_off, make_endpoint, settings):
    with receiving() as inner:
        endpoint = make_endpoint(inner.url())
        settings.OUTBOUND_NETWORKS = []
        endpoints.send_test(endpoint_id=endpoint.pk)
        assert outcomes() == [("webhooks.deliver", "retry")]
        assert inner.received == []
    assert "https" in WebhookAttempt.objects.get().error
    WebhookEndpoint.objects.update(url="https://localhost/hook")
    try_again_at(timezone.now())
    assert "not a public one" in WebhookAttempt.objects.latest("id").error


def test_a_secret_that_changes_signs_with_both_for_a_while(
    one_off, receiver, make_endpoint
):
    endpoint = make_endpoint(receiver.url())
    old = secrets.decrypt_secret(endpoint.secret)
    _, new = endpoints.rotate_secret(
        endpoint_id=endpoint.pk, keep_old=timedelta(hours=1)
    )
    endpoints.send_test(endpoint_id=endpoint.pk)
    outcomes()
    (came,) = receiver.received
    for secret in (old, new):
        Webhook(secret).verify(came.body, came.headers)
    endpoints.rotate_secret(endpoint_id=endpoint.pk, keep_old=timedelta(0))
    endpoints.send_test(endpoint_id=endpoint.pk)
    outcomes()
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(receiver.received[1].body, receiver.received[1].headers)


def test_secrets_are_kept_encrypted_and_outlive_a_change_of_the_key(settings):
    kept = secrets.encrypt_secret("whsec_abc")
    assert "abc" not in kept
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "k3y" * 20
    assert secrets.decrypt_secret(kept) == "whsec_abc"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt_secret(kept)


def test_old_events_go_with_all_that_hangs_on_them(
    one_off, receiver, make_endpoint
):
    send_one(make_endpoint, receiver.url())
    outcomes()
    WebhookEvent.objects.update(at=timezone.now() - timedelta(days=31))
    endpoints.send_test(endpoint_id=WebhookEndpoint.objects.get().pk)
    assert pruning.delete_old_events() == 1
    assert WebhookEvent.objects.count() == WebhookDelivery.objects.count() == 1
    assert not WebhookAttempt.objects.exists()


def test_what_is_not_counted_has_no_stock_that_orders_change(
    receiver, make_endpoint
) -> None:
    make_endpoint(receiver.url(), event_types=["stock.changed"])
    uncounted, counted = make_variant(policy="untracked"), make_variant(stock=5)
    drain()
    WebhookEvent.objects.all().delete()
    make_order(variant=uncounted, quantity=2)
    make_order(variant=counted, quantity=2)
    drain()
    told = WebhookEvent.objects.filter(type="stock.changed")
    assert [each.subject_id for each in told] == [counted.pk]
    with transaction.atomic():
        policies.set_policies(
            {counted.pk: InventoryPolicy.UNTRACKED}, actor_id=None
        )
    drain()
    last = told.order_by("position").last()
    assert last is not None
    assert (last.data["inventoryPolicy"], last.data["inStock"]) == (
        "untracked",
        True,
    )
