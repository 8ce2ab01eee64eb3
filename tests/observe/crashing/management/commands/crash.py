from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Break down."

    def add_arguments(self, parser):
        parser.add_argument("--password")

    def handle(self, **options):
        raise RuntimeError(
            f"the command has broken down with password={options['password']}"
        )
