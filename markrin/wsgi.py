"""The WSGI application that the web server (granian) serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")

_django = get_wsgi_application()

from markrin.cache.front import Front  # noqa: E402 (reads the settings, which stand only now)

application = Front(_django)
