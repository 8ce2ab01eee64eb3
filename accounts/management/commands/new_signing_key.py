"""Prints the value of JWT_KEYS for the next step of a key's life; the running shop is not
touched.
"""

import json
import secrets

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone


class Command(BaseCommand):
    help = (
        "Print JWT_KEYS with a new key that verifies but does not sign yet. Roll that "
        "out everywhere; then print it "
        "with --promote KID, which lets the key sign; and 30 days later with --drop KID, "
        "once the old key's tokens "
        "have ended. The value is a secret: send it straight to where the shop's settings are kept."
    )
    requires_system_checks: list[
        str
    ] = []  # it is what helps a shop without keys to start

    def add_arguments(self, parser: CommandParser) -> None:
        step = parser.add_mutually_exclusive_group()
        step.add_argument("--promote", metavar="KID", help="let this key sign")
        step.add_argument(
            "--drop",
            metavar="KID",
            help="forget this key; its tokens are void at once",
        )

    def handle(
        self,
        *args: object,
        promote: str | None,
        drop: str | None,
        **options: object,
    ) -> None:
        keys: list[dict[str, str]] = list(settings.JWT_KEYS)
        if kid := promote:
            chosen = self._find(keys, kid)
            keys = [chosen, *(key for key in keys if key is not chosen)]
            text = f"{kid} signs from now on. Keep the others for 30 days, then --drop them."
        elif kid := drop:
            chosen = self._find(keys, kid)
            if chosen is keys[0]:
                raise CommandError(f"{kid} signs: --promote another key first.")
            keys = [key for key in keys if key is not chosen]
            text = f"{kid} is gone: what it has signed is no longer taken."
        else:
            kid = f"{timezone.now():%Y%m%d}-{secrets.token_hex(4)}"
            keys.append({"kid": kid, "secret": secrets.token_urlsafe(48)})
            text = (
                f"{kid} verifies. When every process has this value: "
                f"new_signing_key --promote {kid}"
            )
        self.stdout.write(json.dumps(keys))
        self.stderr.write(text)

    def _find(self, keys: list[dict[str, str]], kid: str) -> dict[str, str]:
        for key in keys:
            if key["kid"] == kid:
                return key
        raise CommandError(f"There is no key {kid} in JWT_KEYS.")
