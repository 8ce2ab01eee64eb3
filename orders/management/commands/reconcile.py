"""`manage.py reconcile`: hold what providers have against what the shop has booked."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from orders import gateways
from orders.gateways.base import Period
from orders.services import reconciliation


class Command(BaseCommand):
    help = (
        "Hold a provider's charges, refunds, disputes and payouts against the shop's books, both"
        " ways. What can be booked is booked; the rest is listed here and in the admin. Exits with"
        " 1 while a difference is open or a provider did not answer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="first", metavar="DAY", help="as 2026-11-01"
        )
        parser.add_argument(
            "--to",
            dest="last",
            metavar="DAY",
            help="included; without both, the last 8 days",
        )
        parser.add_argument(
            "--provider",
            metavar="NAME",
            help="only this one; by default all with credentials",
        )

    def handle(
        self,
        *args: object,
        first: str | None,
        last: str | None,
        provider: str | None,
        **options: object,
    ) -> None:
        period = _period(first, last)
        providers = [one for one in gateways.configured() if one.keeps_books]
        if provider:
            providers = [one for one in providers if one.name == provider]
            if not providers:
                raise CommandError(
                    f"--provider {provider}: the shop has no credentials of it."
                )
        failed = False
        for gateway in providers:
            row = reconciliation.reconcile(gateway, period)
            failed |= bool(row.error)
            self.stdout.write(
                f"{gateway.name}: {row.charges} charges, {row.refunds} refunds,"
                f" {row.disputes} disputes, {row.payouts} payouts; {row.found} differences"
                + (f"; {row.error}" if row.error else "")
            )
            for found in row.differences.order_by("id"):
                self.stdout.write(
                    f"  {found.kind} {found.ref}: {found.cause} {found.settled_how}".rstrip()
                )
        open_ = [
            one
            for gateway in providers
            for one in reconciliation.list_open_differences(provider=gateway.name)
        ]
        if failed:
            raise CommandError("A provider did not answer: run it again.")
        if open_:
            for one in open_:
                self.stdout.write(
                    f"open: {one.provider} {one.kind} {one.ref}: ours {one.ours},"
                    f" theirs {one.theirs} {one.currency}. {one.cause}"
                )
            raise CommandError(f"{len(open_)} differences are open.")
        self.stdout.write("No difference is open.")


def _period(first: str | None, last: str | None) -> Period:
    """Raises: CommandError, with the form that is wanted."""
    now = timezone.now()
    if first is None and last is None:
        return Period(now - reconciliation.LOOK_BACK, now)
    if first is None or last is None:
        raise CommandError("Give --from and --to, or neither.")
    since, until = (
        _midnight("--from", first),
        _midnight("--to", last) + timedelta(days=1),
    )
    if since >= until:
        raise CommandError("--from must not be after --to.")
    return Period(since, min(until, now) if since < now else until)


def _midnight(name: str, text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{name} takes a day as 2026-11-01, not {text!r}."
        ) from None
    return datetime.combine(day, time(), ZoneInfo(settings.SHOP_TIME_ZONE))
