"""The job that repeats an invalidation, in case the process died before it."""

from markrin.cache.tags import drop_tags
from markrin.outbox import handlers as outbox


@outbox.handler(
    "cache.drop",
    queue="inventory",
    effect="outside",
    time_limit_s=10,
    max_attempts=11,
)
def drop(*, tags: list[str], **later: object) -> None:
    """Drop answers whose writer may have died before it could; dropping twice costs a
    rendering, no more.
    """
    if not drop_tags(set(tags)):
        raise outbox.Unreachable("the cache server does not answer")
