"""The small API behind the shop's own web server, for what only a real connection can send."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.ROOT_URLCONF = "tests.markrin.shopfront"
application = get_wsgi_application()
