"""The small API behind the shop's own web server, for what only a real connection can send."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.ROOT_URLCONF = "tests.markrin.shopfront"
_small = get_wsgi_application()

from markrin.ops.serving import make_bridge  # noqa: E402 (the settings stand only now)

application = make_bridge(_small)
