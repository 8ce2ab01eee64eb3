"""The WSGI application that the web server (granian) serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")

_django = get_wsgi_application()

from markrin import checks  # noqa: E402 (the settings stand only now)

# reads the settings, which stand only now
from markrin.cache.wsgi_frontend import Front  # noqa: E402

checks.refuse_to_start()
application = Front(_django)
