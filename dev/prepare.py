"""Bring the development database up to date, load the demo shop once, and keep the
storefront's files.

One process for all of it, as starting Django is most of what they cost.
"""

import os
import sys

import django
from django.core.management import CommandError, call_command
from django.db import OperationalError


def main() -> int:
    """Migrate, then load the demo unless it is there (a shop that has goods of its own is
    left as it is), then copy what the storefront's build has left.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    call_command("seed_shipping", verbosity=0)
    try:
        call_command("load_demo")
    except CommandError as error:
        print(error)
    # for pages that are open since before the storefront was last built
    call_command("keep_assets")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandError as error:
        sys.exit(f"markrin: {error}")
    except OperationalError as error:  # such as a disk that has filled meanwhile
        sys.exit(
            f"markrin: the database: {str(error).strip().splitlines()[-1].strip()}"
        )
    except OSError as error:
        sys.exit(f"markrin: {error.filename}: {error.strerror}.")
