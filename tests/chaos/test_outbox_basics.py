"""What must hold without a fault, and with those that are quick to inject: part of every
test run.
"""

from celery_app import app
from markrin.outbox.models import OutboxEvent
from tests.chaos.jobs import Both
from tests.chaos.shop_processes import ShopProcesses
from tests.chaos.table import Record


def test_every_doorbell_three_times_and_two_relays(
    processes: ShopProcesses, hold: Record
) -> None:
    processes.env["EMAIL_TIMEOUT_S"] = (
        "30"  # a mail given up by a machine that is slow would be sent twice, as it may
    )
    processes.add(*(Both(number) for number in range(50)))
    sent = 0
    with (
        app.connection_for_write(processes.env["CELERY_BROKER_URL"]) as link,
        app.amqp.Producer(link) as producer,
    ):
        for row in list(OutboxEvent.objects.all()) * 2:
            app.send_task(
                row.task, args=[row.id], queue=row.queue, producer=producer
            )
            sent += 1
    processes.relay("relay 1")
    processes.relay("relay 2")
    processes.worker("email")
    processes.worker("analytics")
    seconds = processes.finish(within_s=150)
    counted = f"100 rows, {sent} more messages, {seconds:.1f} s"
    hold(
        "every job message 3 times, two relays",
        sent,
        "each effect once",
        counted,
        processes.breaches(range(50)),
    )
