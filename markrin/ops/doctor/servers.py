"""The other servers: the cache, the broker, the mail server."""

import smtplib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core import mail
from django_redis import get_redis_connection
from kombu import Connection
from kombu.exceptions import KombuError

from celery_app import app
from markrin.ops.doctor.finding import Finding, fault, note, ok
from markrin.outbox.checks import OVER_SMTP

OLDEST_REDIS = 7
KEEPING = (
    "volatile-lru",
    "noeviction",
)  # never evict a key without an expiry: queues, the cache's clock
TIMEOUT_S = 2
_FILES = "markrin.mail.backends.FileBackend"


def check_cache() -> Iterator[Finding]:
    """Yield the findings about the cache's Valkey."""
    try:
        client = cast("redis.Redis", get_redis_connection("default"))
        client.ping()
        yield ok("cache", f"{without_password(settings.CACHE_URL)} answers")
        yield from _check_valkey("cache", client)
    except redis.RedisError as error:
        text = f"{without_password(settings.CACHE_URL)}: {error}"
        yield fault(
            "cache",
            text,
            "Start Valkey, or correct CACHE_URL. Meanwhile the shop sells, but slowly.",
        )


def check_limits() -> Iterator[Finding]:
    """Yield the findings about the Valkey in which rate limits are counted."""
    url = settings.LIMITS_URL
    place = without_password(url)
    try:
        if url == settings.CACHE_URL:
            client = cast("redis.Redis", get_redis_connection("default"))
        else:
            client = redis.Redis.from_url(
                url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
            )
        info: dict[str, Any] = client.info()
    except redis.RedisError as error:
        yield fault(
            "limits",
            f"{place}: {error}",
            "Start Valkey, or correct LIMITS_URL. Meanwhile each process counts for itself, and"
            " is stricter.",
        )
        return
    policy = str(info.get("maxmemory_policy", ""))
    if not int(info.get("maxmemory", 0)) or policy == "noeviction":
        yield ok("limits", f"{place} evicts no counter")
    else:
        yield note(
            "limits",
            f"{place} evicts by {policy}: whoever fills it has the counters of limits evicted",
            "Set LIMITS_URL to a Valkey with maxmemory-policy noeviction.",
        )


def check_broker() -> Iterator[Finding]:
    """Yield the findings about the broker."""
    url = settings.CELERY_BROKER_URL
    place = without_password(url)
    away: tuple[type[BaseException], ...] = (
        *app.connection_for_write().connection_errors,
        KombuError,
        OSError,
    )
    try:
        with app.connection_for_write(connect_timeout=TIMEOUT_S) as link:
            link.ensure_connection(max_retries=1, timeout=TIMEOUT_S)
            link.default_channel  # noqa: B018 (Valkey's transport connects only here)
            yield ok("broker", f"{place} answers")
            yield from _broker_valkey(link)
    except away as error:
        todo = (
            "Start the broker, or correct CELERY_BROKER_URL. Jobs wait in the database"
            " meanwhile."
        )
        yield fault("broker", f"{place}: {error}", todo)


def _broker_valkey(link: "Connection") -> Iterator[Finding]:
    client: object = getattr(link.default_channel, "client", None)
    if isinstance(client, redis.Redis):
        yield from _check_valkey("broker", client)


def _check_valkey(subject: str, client: redis.Redis) -> Iterator[Finding]:
    info: dict[str, Any] = client.info()
    kind = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version") or "0")
    if int(version.partition(".")[0]) < OLDEST_REDIS:
        yield fault(
            f"{subject} version",
            f"{kind} {version}",
            f"Upgrade to Valkey, or to Redis {OLDEST_REDIS} or newer.",
        )
    else:
        yield ok(f"{subject} version", f"{kind} {version}")
    policy = str(info.get("maxmemory_policy", ""))
    if policy and policy not in KEEPING:
        text = (
            f"evicts by {policy}: keys without an expiry can go, which are jobs' messages"
            " and the cache's clock"
        )
        todo = (
            "CONFIG SET maxmemory-policy volatile-lru, and the same in the server's"
            " configuration."
        )
        yield fault(f"{subject} eviction", text, todo)
    elif policy:
        yield ok(f"{subject} eviction", policy)
    limit, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if limit and used > limit * 0.9 and policy == "noeviction":
        text = f"{used // 2**20} of {limit // 2**20} MiB are used, and nothing may be evicted"
        yield fault(
            f"{subject} memory", text, "Raise maxmemory, or look for what fills it."
        )


def check_mail() -> Iterator[Finding]:
    """Yield whether mail can be sent: a mail server lets us in, or the folder takes files.
    Nothing is sent.
    """
    backend = settings.EMAIL_BACKEND
    if backend == _FILES:
        yield _check_folder("mail", Path(settings.MAIL_DIR), "MAIL_DIR")
        yield note(
            "mail",
            "mails go to files and to nobody",
            "Set EMAIL_URL where customers are to get them.",
        )
    elif backend in OVER_SMTP:
        yield _check_smtp()
    else:
        yield note("mail", f"goes by {backend}, which is not asked here")
    if settings.MAIL_FROM.endswith(".invalid"):
        yield note(
            "mail",
            "MAIL_FROM is not set: no mail can be answered",
            "Set MAIL_FROM and MAIL_DOMAIN.",
        )


def _check_smtp() -> Finding:
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        link: Any = mail.get_connection(timeout=TIMEOUT_S)
        link.open()
        link.close()
    except smtplib.SMTPAuthenticationError as error:
        text = f"{place} does not let the shop in ({error.smtp_code})"
        return fault(
            "mail",
            text,
            "Correct user and password in EMAIL_URL; then `manage.py outbox resume email`.",
        )
    except (OSError, smtplib.SMTPException) as error:
        return fault(
            "mail",
            f"{place}: {error}",
            "Start the mail server, or correct EMAIL_URL. Mails wait meanwhile.",
        )
    return ok("mail", f"{place} lets the shop in")


def _check_folder(subject: str, path: Path, setting: str) -> Finding:
    if error := unwritable(path):
        return fault(
            subject,
            f"{path}: {error}",
            f"Let the shop's user write there, or set {setting} to another place.",
        )
    return ok(subject, f"{path} can be written to")


def unwritable(path: Path) -> str:
    """Return why no file can be made there, or nothing. Makes the folder, where that can be
    done.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def without_password(url: str) -> str:
    """Return a URL without its password."""
    parts = urlsplit(url)
    return (
        url if parts.password is None else url.replace(f":{parts.password}@", ":…@")
    )
