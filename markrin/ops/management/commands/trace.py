"""`manage.py trace ID`: all that happened around a request, an order, a job or a mail."""

import sys
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from markrin.ops import hooks
from markrin.ops.trace import jobs
from markrin.ops.trace.log_lines import Lines
from markrin.ops.trace.timeline import TimelineEntry, TraceSearch

NOTHING_FOUND, BAD_INPUT = 1, 2


class Command(BaseCommand):
    help = (
        "Show everything known of a request (its id), an order (number or id), a job"
        " (number or key) or a mail (Message-ID) on one timeline, in the shop's time zone."
        " Exits with 1 when nothing is known, 2 when a log cannot be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "id",
            help="request id, order number or id, job number or key, Message-ID",
        )
        parser.add_argument(
            "--log",
            action="append",
            default=[],
            metavar="FILE",
            help=(
                "a log file to search, plain or gzipped, - for standard input; may be given"
                " several times"
            ),
        )

    def handle(
        self,
        *args: object,
        id: str,  # noqa: A002 (the argument's name)
        log: list[str],
        **options: object,
    ) -> None:
        clues = TraceSearch(given=id.strip().strip("<>"))
        if not clues.given:
            raise CommandError("an id is needed", returncode=BAD_INPUT)
        jobs.find_jobs(clues)
        hooks.trace_find(clues=clues)
        jobs.follow_ids(clues)
        entries: dict[str, list[TimelineEntry]] = {
            "jobs": list(jobs.job_entries(clues))
        }
        for part in hooks.trace_tell(clues=clues):
            entries |= {name: list(moments) for name, moments in part.items()}
        clues.requests |= {
            moment.request_id for each in entries.values() for moment in each
        } - {""}
        lines = self._search_logs(log, clues)
        self._print_timeline(clues, entries, lines)

    def _search_logs(self, log: list[str], clues: TraceSearch) -> Lines:
        lines = Lines()
        for path in log:
            try:
                lines.search(path, clues)
            except OSError as error:
                raise CommandError(
                    f"cannot read {path}: {error.strerror or error}",
                    returncode=BAD_INPUT,
                ) from error
        return lines

    def _print_timeline(
        self,
        clues: TraceSearch,
        entries: dict[str, list[TimelineEntry]],
        lines: Lines,
    ) -> None:
        moments = sorted(
            (m for each in [*entries.values(), lines.moments] for m in each),
            key=lambda moment: moment.at,
        )
        if any(moment.request_id == clues.given for moment in moments):
            clues.names.insert(0, f"request {clues.given}")
        zone = ZoneInfo(settings.SHOP_TIME_ZONE)
        if moments:
            self.stdout.write(f"{', '.join(clues.names)} (times in {zone.key})")
        day = ""
        for moment in moments:
            local = moment.at.astimezone(zone)
            if (today := f"{local:%Y-%m-%d}") != day:
                day = today
                self.stdout.write(day)
            clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"
            own = not moment.request_id or moment.request_id == clues.given
            other = "" if own else f"  [request {moment.request_id}]"
            self.stdout.write(f"  {clock}  {moment.source:<8} {moment.what}{other}")
        self._print_gaps(clues, entries, lines)
        if not moments:
            sys.exit(NOTHING_FOUND)

    def _print_gaps(
        self,
        clues: TraceSearch,
        entries: dict[str, list[TimelineEntry]],
        lines: Lines,
    ) -> None:
        missing = [name for name, moments in entries.items() if not moments]
        if missing:
            self.stdout.write(f"Nothing in: {', '.join(missing)}.")
        if not lines.read:
            self.stdout.write("No log lines: give the files with --log FILE.")
        elif not lines.moments:
            self.stdout.write(f"No log lines: none of {lines.read} is about this.")
        if lines.unreadable:
            self.stdout.write(
                f"{lines.unreadable} more log lines have the id, and are not JSON"
                " (LOG_FORMAT=json)."
            )
        if not any(entries.values()) and not lines.moments:
            kept = settings.OUTBOX_KEEP_DONE_DAYS
            self.stdout.write(
                f"Nothing is known of {clues.given}. Finished jobs are kept for {kept}"
                " days."
            )
