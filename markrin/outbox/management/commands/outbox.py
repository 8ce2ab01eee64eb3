"""`manage.py outbox stats|show|retry|pause|resume`: look at background jobs and act on them."""

import getpass
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from celery_app import QUEUES
from markrin.outbox import selectors, services
from markrin.outbox.models import OutboxEvent


class Command(BaseCommand):
    help = (
        "Look at background jobs, let dead ones run again, pause and resume queues."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser(
            "stats", help="jobs by queue and state, pauses, heartbeats"
        )
        show = actions.add_parser("show", help="everything about one job")
        show.add_argument("key", help="task:natural id, or the row's number")
        retry = actions.add_parser("retry", help="let dead jobs run again")
        which = retry.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "key", nargs="?", help="task:natural id, or the row's number"
        )
        which.add_argument("--task", help="all dead jobs of this task")
        which.add_argument(
            "--queue", choices=QUEUES, help="all dead jobs of this queue"
        )
        pause = actions.add_parser("pause", help="let a queue rest")
        pause.add_argument("queue", choices=QUEUES)
        pause.add_argument(
            "--seconds", type=int, help="how long (default: until resumed)"
        )
        pause.add_argument("--reason", required=True)
        resume = actions.add_parser("resume", help="let a paused queue work again")
        resume.add_argument("queue", choices=QUEUES)

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        match action:
            case "stats":
                self._stats()
            case "show":
                self._show(options["key"])
            case "retry":
                self._retry(options["key"], options["task"], options["queue"])
            case "pause":
                if options["seconds"] is not None and options["seconds"] < 1:
                    raise CommandError("--seconds must be at least 1")
                services.pause_queue(
                    options["queue"],
                    seconds=options["seconds"],
                    reason=options["reason"],
                    by=getpass.getuser(),
                )
                self.stdout.write(f"{options['queue']} is paused")
            case "resume":
                was = services.resume_queue(options["queue"])
                self.stdout.write(
                    f"{options['queue']} {'works again' if was else 'was not paused'}"
                )

    def _stats(self) -> None:
        for count in selectors.count_open_jobs():
            self.stdout.write(
                f"{count.queue:<10} {count.state:<8} {count.rows:>8}  oldest due"
                f" {count.oldest_due_s:.0f} s"
            )
        for pause in selectors.list_paused_queues():
            self.stdout.write(
                f"{pause.queue:<10} paused until {pause.until:%Y-%m-%d %H:%M:%S %Z}: {pause.reason}"
            )
        for name, age_s in selectors.list_heartbeat_ages().items():
            self.stdout.write(f"{name:<20} seen {age_s:.0f} s ago")

    def _show(self, key: str) -> None:
        row = _find(key)
        values = {
            field.attname: getattr(row, field.attname)
            for field in OutboxEvent._meta.concrete_fields
        }
        self.stdout.write(json.dumps(values, indent=2, default=str))

    def _retry(self, key: str | None, task: str | None, queue: str | None) -> None:
        ids = (
            [_find(key).pk]
            if key
            else selectors.list_dead_ids(task=task, queue=queue)
        )
        count = services.retry_jobs(ids)
        if key and not count:
            raise CommandError(f"{key} is not dead")
        self.stdout.write(f"{count} will run again")


def _find(key: str) -> OutboxEvent:
    row = OutboxEvent.objects.filter(
        **({"pk": int(key)} if key.isdecimal() else {"key": key})
    ).first()
    if row is None:
        raise CommandError(f"there is no job {key}")
    return row
