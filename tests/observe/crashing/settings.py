"""The shop's settings, and the app that breaks down."""

import os

from markrin.settings import *  # noqa: F403 (all of them)
from markrin.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.observe.crashing"]
ROOT_URLCONF = "tests.observe.crashing.urls"
if os.environ.get("CRASHING_BEAT"):
    CELERY_BEAT_SCHEDULER = "tests.observe.crashing.clock:Broken"
