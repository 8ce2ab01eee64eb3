"""This machine and this process: versions, settings, keys, disk, files."""

import platform
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import django
from django.conf import settings
from django.core.checks import run_checks
from packaging.requirements import Requirement

from markrin.ops.doctor.finding import Finding, fault, note, ok
from markrin.ops.doctor.servers import unwritable

LEAST_FREE = 0.05
LEAST_FREE_BYTES = 1_000_000_000
_PIN = re.compile(
    r"^[A-Za-z0-9][^\\\n]*==[^\\\n]*", re.MULTILINE
)  # a line of requirements.txt without its hashes


def check_versions() -> Iterator[Finding]:
    """Yield what runs, and whether the packages are those that were tested together."""
    yield ok(
        "release",
        f"{settings.RELEASE or 'unnamed'}, {settings.ENVIRONMENT}, DEBUG"
        f" {'on' if settings.DEBUG else 'off'}",
    )
    yield ok(
        "versions",
        f"Python {platform.python_version()}, Django {django.__version__}",
    )
    pins = Path(settings.BASE_DIR) / "requirements.txt"
    if not pins.exists():
        yield note(
            "packages", "requirements.txt is not here, so versions are not compared"
        )
        return
    wrong = []
    for pin in _PIN.findall(pins.read_text()):
        requirement = Requirement(pin)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            installed = "missing"
        if installed == "missing" or not requirement.specifier.contains(
            installed, prereleases=True
        ):
            wrong.append(
                f"{requirement.name} {installed} instead of"
                f" {str(requirement.specifier).removeprefix('==')}"
            )
    if wrong:
        todo = "Install them: pip install --require-hashes -r requirements.txt."
        yield fault(
            "packages",
            "; ".join(wrong[:5])
            + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""),
            todo,
        )
    else:
        yield ok("packages", "all as requirements.txt pins them")


def check_settings() -> Iterator[Finding]:
    """Yield what the system checks find: settings that are missing or unsafe, keys, names
    that are nobody's.
    """
    messages = [message for message in run_checks() if not message.is_silenced()]
    for message in sorted(
        messages, key=lambda message: message.id or ""
    ):  # the registry is a set
        kind = fault if message.is_serious() else note
        yield kind(
            "settings",
            f"{message.id}: {message.msg}",
            str(message.hint or "See docs/settings.md."),
        )
    if not any(message.is_serious() for message in messages):
        yield ok("settings", "complete and safe")
    count = len(settings.JWT_KEYS)
    text = (
        f"{count} for access tokens, {settings.JWT_KEYS[0]['kid']} signs"
        if count
        else "none for access tokens"
    )
    if count > 1:
        yield note(
            "keys",
            text,
            "After REFRESH_IDLE_S the older ones can go: see docs/auth.md.",
        )
    elif count:
        yield ok("keys", text)
    if not settings.SENTRY_DSN:
        yield note(
            "errors",
            "SENTRY_DSN is not set: errors are in the log, and nobody is told",
        )


def check_files() -> Iterator[Finding]:
    """Yield whether pictures can be stored, the admin's files are there, and the disks have
    room.
    """
    media = Path(settings.MEDIA_ROOT)
    if error := unwritable(media):
        yield fault(
            "media",
            f"{media}: {error}",
            "Let the shop's user write there (a volume that all web processes share).",
        )
    else:
        yield ok("media", f"{media} can be written to")
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not settings.DEBUG and not manifest.exists():
        yield fault(
            "static files",
            f"{manifest} is missing",
            "Run `manage.py collectstatic --no-input`.",
        )
    places = [media, Path(settings.LOG_FILE).parent if settings.LOG_FILE else media]
    for place in dict.fromkeys(place for place in places if place.exists()):
        disk = shutil.disk_usage(place)
        text = f"{place}: {disk.free / 1e9:.1f} of {disk.total / 1e9:.1f} GB free"
        if disk.free < min(LEAST_FREE_BYTES, disk.total * LEAST_FREE):
            yield fault("disk", text, "Make room, or enlarge the volume.")
        else:
            yield ok("disk", text)
