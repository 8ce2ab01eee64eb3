"""`manage.py tax_preset`: set up the tax of a country from a file that names its source."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from markrin.api.errors import Conflict
from orders.pricing.tax_presets import PRESETS, TaxPreset, read_preset
from orders.services import tax_rates


class Command(BaseCommand):
    help = (
        "Set up tax classes, zones and rates: `in --state KA`, `eu --country DE`, or `none`. The"
        " files are in orders/tax_presets/; an accountant has to confirm them. Staff edit the"
        " rates in the admin afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("preset", choices=PRESETS)
        parser.add_argument(
            "--state",
            default="",
            metavar="KA",
            help="in: where the shop is registered",
        )
        parser.add_argument(
            "--country",
            default="",
            metavar="DE",
            help="eu: where the shop is registered",
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="delete the zones and rates that are there",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what it would set up, change nothing",
        )

    def handle(
        self,
        *args: object,
        preset: str,
        country: str,
        state: str,
        dry_run: bool,
        replace: bool,
        **options: object,
    ) -> None:
        country = {"in": "IN", "none": settings.SHOP_COUNTRY}.get(
            preset, country.upper()
        )
        state_code = f"IN-{state.upper()}" if preset == "in" else ""
        try:
            found = read_preset(preset, state=state, country=country)
        except ValueError as refused:
            raise CommandError(str(refused)) from refused
        self._show(found)
        if dry_run:
            self.stdout.write("A dry run: nothing was changed.")
            return
        try:
            done = tax_rates.apply_tax_preset(
                found,
                country=country,
                state_code=state_code,
                replace=replace,
            )
        except Conflict as refused:
            raise CommandError(
                f"{refused.detail} --replace deletes them; orders keep what they were charged."
            ) from refused
        except ValueError as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(
            f"{found.title}: {done.classes} classes, {done.zones} zones, {done.rates} rates"
            f"{f'; {done.replaced} zones of before were replaced' if done.replaced else ''}."
        )

    def _show(self, preset: TaxPreset) -> None:
        """Print what holds now and later, a rate a line."""
        for rate in preset.rates:
            parts = " + ".join(
                f"{part.name} {part.percent.normalize():f} %" for part in rate.parts
            )
            since = f" from {rate.valid_from}" if rate.valid_from else ""
            until = f" until {rate.valid_until}" if rate.valid_until else ""
            limit = (
                f" up to {rate.up_to / 100:.2f} a piece"
                if rate.up_to is not None
                else ""
            )
            self.stdout.write(
                f"  {rate.zone}: {rate.tax_class}{limit}: {parts}{since}{until}"
            )
