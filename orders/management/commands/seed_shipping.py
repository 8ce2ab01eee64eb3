"""`manage.py seed_shipping`: make the first shipping zone of what the settings say."""

from django.core.management.base import BaseCommand

from orders.services import shipping


class Command(BaseCommand):
    help = (
        "Make a shipping zone for everywhere of SHIPPING_FEE and SHIPPING_FREE_ABOVE, in a shop"
        " that has no zones yet. Web processes do it at their start. From then on the zones hold,"
        " which staff edit in the admin, and the two settings are not looked at."
    )

    def handle(self, *args: object, **options: object) -> None:
        if shipping.seed_from_settings():
            self.stdout.write("The first shipping zone was made of the settings.")
        else:
            self.stdout.write(
                "There are shipping zones already: nothing was changed."
            )
