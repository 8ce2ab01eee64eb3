"""What must hold without a fault, and with those that are quick to inject: part of every
test run.
"""

from celery_app import app
from markrin.outbox.models import OutboxEvent
from tests.chaos.jobs import Both
from tests.chaos.table import Record
from tests.chaos.world import World


def test_every_doorbell_three_times_and_two_relays(stage: World, hold: Record) -> None:
    stage.env["EMAIL_TIMEOUT_S"] = (
        "30"  # a mail given up by a machine that is slow would be sent twice, as it may
    )
    stage.add(*(Both(number) for number in range(50)))
    rung = 0
    with (
        app.connection_for_write(stage.env["CELERY_BROKER_URL"]) as link,
        app.amqp.Producer(link) as producer,
    ):
        for row in list(OutboxEvent.objects.all()) * 2:
            app.send_task(row.task, args=[row.id], queue=row.queue, producer=producer)
            rung += 1
    stage.relay("relay 1")
    stage.relay("relay 2")
    stage.worker("email")
    stage.worker("analytics")
    seconds = stage.finish(within_s=150)
    counted = f"100 rows, {rung} more doorbells, {seconds:.1f} s"
    hold(
        "every doorbell 3 times, two relays",
        rung,
        "each effect once",
        counted,
        stage.breaches(range(50)),
    )
