"""`manage.py rotate_gift_card_keys`: keep every code under the first of GIFT_CARD_KEYS."""

from django.core.management.base import BaseCommand

from orders.services import gift_card_keys


class Command(BaseCommand):
    help = (
        "Encrypt the codes of all gift cards with the first of GIFT_CARD_KEYS, and find them by it."
        " Put the new key first, restart everything, run this, then drop the old one. It can be"
        " stopped and started again."
    )

    def handle(self, *args: object, **options: object) -> None:
        done, unreadable = gift_card_keys.rotate_keys()
        self.stdout.write(f"{done} gift cards are kept under the first key.")
        if unreadable:
            self.stderr.write(
                f"{unreadable} cannot be read with any of GIFT_CARD_KEYS: is one missing?"
            )
