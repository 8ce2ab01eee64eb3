"""The Celery app, and the map of background work: what follows an event, and what the clock starts.

An event's rows are written by `markrin.outbox.services.add` in the transaction of what
happened; the relay wakes the workers. Only the relay and beat publish to the broker: no
other code may."""

import os
import resource

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_process_init
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")

# A queue, and a worker process, for each thing that can be away: mail servers (`email`), payment
# providers (`payments`), other people's servers such as feeds (`outbound`). The shop's own work
# needs only the database: stock and cache (`inventory`), figures and the clock (`analytics`).
QUEUES = ("email", "payments", "outbound", "inventory", "analytics")

app = Celery("markrin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in QUEUES]
app.conf.task_default_queue = (
    "analytics"  # beat's short tasks; beat names another queue where one is meant
)
app.autodiscover_tasks()

# event → the outbox handlers (`@handler(name, …)` in an app's tasks.py) that each get a row
# when it happens. An event that nobody follows has an empty list, so that a misspelt name
# is an error rather than silence.
ON_EVENT: dict[str, list[str]] = {
    "cache.touched": ["cache.drop"],
    "user.registered": ["accounts.welcome_by_mail", "webhooks.publish"],
    "user.verification_requested": ["accounts.verify_by_mail"],
    "user.email_change_requested": [
        "accounts.confirm_new_email_by_mail",
        "accounts.warn_of_new_email_by_mail",
    ],
    "user.reset_requested": ["accounts.reset_by_mail"],
    "user.staff_invited": ["accounts.invite_by_mail"],
    "session.reuse_detected": ["accounts.report_reuse_by_mail"],
    "session.signed_in_from_new_device": ["accounts.report_new_device_by_mail"],
    "order.placed": [
        "orders.confirm_by_mail",
        "analytics.record_order",
        "webhooks.publish",
    ],
    "order.paid": ["orders.issue_gift_cards", "webhooks.publish"],
    "order.shipped": ["orders.shipped_by_mail", "webhooks.publish"],
    "order.delivered": ["orders.delivered_by_mail", "webhooks.publish"],
    "order.undelivered": ["orders.undelivered_by_mail", "webhooks.publish"],
    "order.tracking_corrected": ["orders.tracking_corrected_by_mail"],
    "order.pieces_cancelled": [
        "orders.pieces_cancelled_by_mail",
        "analytics.record_change",
        "webhooks.publish",
    ],
    "order.payment_link_wanted": ["orders.payment_link_by_mail"],
    "order.cancelled": [
        "orders.cancelled_by_mail",
        "analytics.record_change",
        "webhooks.publish",
    ],
    "order.person_needed": ["orders.call_staff_by_mail"],
    "order.mail_wanted": ["orders.mail_again"],
    "order.returned": ["analytics.record_change", "webhooks.publish"],
    "order.return_moved": ["orders.return_by_mail", "webhooks.publish"],
    "payment.charge_told": ["orders.look_up_charge"],
    "payment.payout_told": ["orders.book_payout"],
    "payment.abandoned": ["orders.abandon_payment"],
    "refund.requested": ["orders.send_refund"],
    "refund.made": [
        "orders.refunded_by_mail",
        "analytics.record_change",
        "webhooks.publish",
    ],
    "invoice.issued": [
        "orders.render_invoice",
        "orders.invoice_by_mail",
        "webhooks.publish",
    ],
    "gift_card.issued": ["orders.gift_card_by_mail"],
    "store_credit.granted": ["orders.store_credit_by_mail"],
    "feed.staged": ["products.apply_feed"],
    "pictures.queued": ["products.fetch_pictures"],
    "import.started": ["products.continue_import"],
    "bulk_change.started": ["products.continue_bulk_change"],
    "stock.changed": ["products.queue_alerts", "webhooks.publish"],
    "stock.came_back": ["products.mail_back_in_stock"],
    "stock.ran_low": ["products.mail_low_stock"],
    "webhook.delivery_due": ["webhooks.deliver"],
    "webhook.endpoint_failing": ["webhooks.warn_by_mail"],
}


def run_every(
    seconds: float,
    task: str,
    *,
    args: tuple[object, ...] = (),
    queue: str | None = None,
) -> dict[str, object]:
    """Return a beat entry of this period; a tick not begun when the next one is due is
    dropped, not piled up.
    """
    return {
        "task": task,
        "schedule": seconds,
        "args": args,
        "options": _options(seconds, queue),
    }


def run_nightly(
    hour: int, minute: int, task: str, *, queue: str | None = None
) -> dict[str, object]:
    """Return a beat entry for this time of the shop's day."""
    return {
        "task": task,
        "schedule": crontab(hour=hour, minute=minute),
        "options": _options(86_400, queue),
    }


def _options(period_s: float, queue: str | None) -> dict[str, object]:
    return {"expires": period_s, **({"queue": queue} if queue else {})}


# Beat tasks are sweeps that are right whenever, and however often, they run: two beats or a
# missed tick change nothing.
app.conf.beat_schedule = {
    "outbox.sweep": run_every(30, "outbox.sweep"),
    **{
        f"outbox.heartbeat:{queue}": run_every(
            30, "outbox.heartbeat", args=(queue,), queue=queue
        )
        for queue in QUEUES
    },
    "accounts.purge": run_every(3600, "accounts.purge"),
    "orders.expire": run_every(60, "orders.expire"),
    "orders.expire_returns": run_every(3600, "orders.expire_returns"),
    "orders.settle_payments": run_every(
        120, "orders.settle_payments", queue="payments"
    ),
    "orders.reconcile": run_nightly(4, 50, "orders.reconcile", queue="payments"),
    "orders.forget_old": run_nightly(3, 20, "orders.forget_old"),
    "orders.expire_gift_cards": run_nightly(0, 10, "orders.expire_gift_cards"),
    "products.fold_facet_changes": run_every(30, "products.fold_facet_changes"),
    "products.refresh_ended_prices": run_every(60, "products.refresh_ended_prices"),
    "products.pull_feeds": run_every(600, "products.pull_feeds", queue="outbound"),
    "products.queue_missed_wishes": run_every(60, "products.queue_missed_wishes"),
    "products.queue_low_stock_mails": run_every(
        900, "products.queue_low_stock_mails"
    ),
    "products.remove_unused_pictures": run_nightly(
        3, 50, "products.remove_unused_pictures"
    ),
    "products.rebuild_search_words": run_nightly(
        4, 0, "products.rebuild_search_words"
    ),
    "products.delete_unapplied_changes": run_nightly(
        3, 40, "products.delete_unapplied_changes"
    ),
    "products.delete_old_imports": run_nightly(
        3, 45, "products.delete_old_imports"
    ),
    "storefront.write_product_feeds": run_every(
        3600, "storefront.write_product_feeds"
    ),
    "analytics.rollup": run_every(300, "analytics.rollup"),
    "analytics.rollup_recent": run_every(3600, "analytics.rollup_recent"),
    "analytics.tend_partitions": run_nightly(2, 30, "analytics.tend_partitions"),
    "webhooks.give_up_unsendable": run_every(300, "webhooks.give_up_unsendable"),
    "webhooks.prune": run_nightly(3, 30, "webhooks.prune"),
    "outbox.prune": run_nightly(3, 0, "outbox.prune"),
    "verify": run_nightly(4, 30, "verify"),
    # The name replaces Celery's own entry, whose clean-up deletes every expired result in
    # one statement.
    "celery.backend_cleanup": run_nightly(3, 10, "outbox.prune_results"),
}


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Being connected is the point: Celery then leaves the logging that Django's settings
    configured alone.
    """


@worker_process_init.connect
def _limit_memory(**_: object) -> None:
    """Let a job that eats memory get a MemoryError, and its retries, before it takes the
    machine with it.
    """
    from django.conf import settings

    if limit := settings.OUTBOX_MEMORY_LIMIT_MB * 1024 * 1024:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
