#!/usr/bin/env python
"""The command line: `python manage.py help` lists what ops can run."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
    if len(sys.argv) == 1 or {"help", "--help", "-h"} & set(sys.argv[1:]):
        # Help needs no secret. The system check refuses one as short as this for all else.
        os.environ.setdefault("SECRET_KEY", "for help only")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that is missing: docs/settings.md lists them. A trace would say no more.
        sys.exit(f"{error} (DEBUG=1 has values for a development machine.)")
