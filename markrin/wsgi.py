"""The WSGI application that the web server (granian) serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")

application = get_wsgi_application()
