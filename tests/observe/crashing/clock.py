"""A clock that stops."""

from celery.beat import PersistentScheduler


class Broken(PersistentScheduler):
    def tick(self, *args, **kwargs):
        raise RuntimeError("the clock has stopped")
