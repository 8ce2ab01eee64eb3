"""The stock stack with the same payload: a DRF view behind `cache_page`, Django's default
middleware and logging.
"""

import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

_HERE = Path(__file__).stem

settings.configure(
    SECRET_KEY="benchmark",  # noqa: S106 (of a peer that serves nobody)
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=f"benchmarks.peers.{_HERE}",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "rest_framework",
    ],
    MIDDLEWARE=[  # what `startproject` writes
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": os.environ["CACHE_URL"],
        }
    },
    LOGGING={
        "version": 1,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "loggers": {"django": {"handlers": ["console"], "level": "INFO"}},
    },
)
django.setup()

import orjson  # noqa: E402 (Django has to be set up first)
from django.urls import path  # noqa: E402
from django.utils.decorators import method_decorator  # noqa: E402
from django.views.decorators.cache import cache_page  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

_DOCUMENT = orjson.loads(Path(os.environ["BARE_BODY"]).read_bytes())


@method_decorator(cache_page(3600), name="dispatch")
class Product(APIView):
    """Answers the same product as ours."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def get(self, request: Any) -> Response:
        return Response(_DOCUMENT)


urlpatterns = [path("product", Product.as_view())]
application = get_wsgi_application()
