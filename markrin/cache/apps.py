"""The cache of catalogue responses as an app: its job and its command."""

from django.apps import AppConfig


class CacheConfig(AppConfig):
    name = "markrin.cache"
    label = "response_cache"
    verbose_name = "Cached responses"
