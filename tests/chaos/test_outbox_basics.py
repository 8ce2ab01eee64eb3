"""What must hold without any fault, and with the faults that are quick to inject: part of every test run."""

from tests.chaos.jobs import Both
from tests.chaos.world import World


def test_relay_and_workers_do_every_job_once(stage: World, hold) -> None:
    stage.relay()
    stage.worker("email")
    stage.worker("analytics")
    stage.add(*(Both(number) for number in range(50)))
    seconds = stage.finish()
    once = dict.fromkeys(range(50), 1)
    mails = stage.sink.copies()
    hold(
        "none",
        1,
        "each effect once",
        f"50 events, {len(mails)} mails, {len(stage.effects())} rows, {seconds:.1f} s",
        sum(mails[f"Mail {number}"] != 1 for number in range(50)) + (stage.effects() != once),
    )
