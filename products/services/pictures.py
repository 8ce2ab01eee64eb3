"""Pictures that an import links to, copied into the shop's own storage by jobs.

Every picture is a row of its own that waits, so a killed worker loses nothing, and its lease brings
back what it held. Only public https addresses are called, each resolved once and pinned; a redirect
is followed to the same host alone. A picture whose bytes are there already is not kept twice."""

import hashlib
import io
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urljoin, urlsplit

import structlog
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from markrin.api import images
from markrin.outbound import client
from markrin.outbox import services as outbox
from products import events
from products.models import PictureFetch, ProductImage
from products.models.imported import FetchState
from products.services import media_files

log = structlog.get_logger(__name__)

AT_ONCE: Final = 8  # pictures that are fetched at a time
MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
FETCH_S: Final = 30.0  # for one answer, whole
MAX_REDIRECTS: Final = 3
MAX_TRIES: Final = 5
_LEASE: Final = timedelta(minutes=5)
_HEADERS: Final = {"Accept": "image/*", "User-Agent": "Markrin (picture import)"}


class _Refused(Exception):
    """The picture cannot be had, now or later; the text says why."""


class _Later(Exception):
    """The picture may be had later; the text says why it cannot be now."""


@dataclass(frozen=True)
class _Fetched:
    """What came of a try: the bytes, or why there are none."""

    fetch: PictureFetch
    content: bytes = b""
    problem: str = ""
    again: bool = False


def queue_pictures(*, retry: bool = False) -> int:
    """Let every linked picture of the catalogue be copied in, and return how many wait now. Those
    that were refused are tried again only with `retry`.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO products_picturefetch (image_id, state, tries, reason, next_at)
            SELECT id, 'waiting', 0, '', now() FROM products_productimage
                WHERE external_url <> '' ORDER BY id
            ON CONFLICT (image_id) DO NOTHING"""
        )
        if retry:
            PictureFetch.objects.filter(state=FetchState.REFUSED).update(
                state=FetchState.WAITING, tries=0, next_at=timezone.now()
            )
        waiting = PictureFetch.objects.filter(state=FetchState.WAITING).count()
        if waiting:
            outbox.add(events.PicturesQueued())
    return waiting


def count_pictures() -> dict[str, int]:
    """Return how many pictures wait, are done, and were refused."""
    rows = PictureFetch.objects.values_list("state").annotate(number=Count("pk"))
    return {state.value: 0 for state in FetchState} | dict(rows.order_by())


def count_reasons() -> list[tuple[str, int]]:
    """Return why pictures were refused and how many for each reason, the most frequent first."""
    rows = PictureFetch.objects.filter(state=FetchState.REFUSED).values_list(
        "reason"
    )
    counted = rows.annotate(number=Count("pk")).order_by("-number", "reason")
    return [(reason, number) for reason, number in counted[:20]]


def fetch_some(*, for_s: float = 0.0) -> int:
    """Fetch pictures that wait, AT_ONCE at a time, and return how many were taken on. A place is
    taken again as soon as it is free, so a slow server holds up one; none is begun after `for_s`
    seconds.

    May run in several processes at once: each row is one run's, until its lease ends."""
    until = time.monotonic() + for_s
    running: set[Future[_Fetched]] = set()
    with ThreadPoolExecutor(AT_ONCE, "picture") as threads:
        claimed = _claim(AT_ONCE)
        taken = len(claimed)
        running |= {threads.submit(_fetch, each) for each in claimed}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                _settle(each.result())
            if time.monotonic() < until:
                claimed = _claim(AT_ONCE - len(running))
                taken += len(claimed)
                running |= {threads.submit(_fetch, more) for more in claimed}
    return taken


def next_due_in_s() -> float | None:
    """Return in how many seconds a picture may be tried, or None if none waits."""
    first = (
        PictureFetch.objects.filter(state=FetchState.WAITING)
        .order_by("next_at")
        .values_list("next_at", flat=True)
        .first()
    )
    if first is None:
        return None
    return max(0.0, (first - timezone.now()).total_seconds())


@transaction.atomic
def _claim(number: int) -> Sequence[PictureFetch]:
    now = timezone.now()
    rows = list(
        PictureFetch.objects.filter(state=FetchState.WAITING, next_at__lte=now)
        .select_related("image")
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("next_at", "pk")[:number]
    )
    for row in rows:
        row.next_at, row.tries = now + _LEASE, row.tries + 1
    PictureFetch.objects.bulk_update(rows, ["next_at", "tries"])
    return rows


def _fetch(fetch: PictureFetch) -> _Fetched:
    """Fetch the bytes of one picture. Touches no database: it runs in a thread."""
    try:
        return _Fetched(fetch, _download(fetch.image.external_url))
    except _Refused as refused:
        return _Fetched(fetch, problem=str(refused))
    except _Later as later:
        return _Fetched(fetch, problem=str(later), again=fetch.tries < MAX_TRIES)


def _download(url: str) -> bytes:
    host = urlsplit(url).hostname
    for _ in range(MAX_REDIRECTS + 1):
        try:
            reply = client.send(
                "GET",
                url,
                headers=_HEADERS,
                total_s=FETCH_S,
                max_bytes=MAX_BYTES + 1,
            )
        except client.AddressRefused as exc:
            raise _Refused(str(exc)) from exc
        except client.CallFailed as exc:
            raise _Later(str(exc)) from exc
        if reply.status not in (301, 302, 303, 307, 308):
            return _check(reply)
        url = urljoin(url, reply.headers.get("location", ""))
        if urlsplit(url).hostname != host:
            raise _Refused("It redirects to another host, which is not followed.")
    raise _Refused(f"It redirects more than {MAX_REDIRECTS} times.")


def _check(reply: client.Reply) -> bytes:
    if reply.status in (408, 425, 429) or reply.status >= 500:
        raise _Later(f"The server answers {reply.status}.")
    if reply.status != 200:
        raise _Refused(f"The server answers {reply.status}.")
    if len(reply.body) > MAX_BYTES:
        raise _Refused(f"The picture has more than {MAX_BYTES:,} bytes.")
    announced = reply.headers.get("content-length", "")
    if announced.isdecimal() and len(reply.body) < int(announced):
        raise _Later("The answer ended before the picture did.")
    return reply.body


def _settle(found: _Fetched) -> None:
    """Write down what came of a try, and show the picture if there is one."""
    if found.problem:
        _note_failure(found)
        return
    digest = hashlib.sha256(found.content).hexdigest()
    if _share(found.fetch, digest):
        return
    try:
        picture = images.decode_image(
            io.BytesIO(found.content), max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS
        )
    except images.NotAPicture as exc:
        _note_failure(_Fetched(found.fetch, problem=str(exc)))
        return
    with media_files.store_picture(picture, "products") as stored:
        if not _show(found.fetch, digest, stored):
            media_files.remove_files(stored.names)


def _note_failure(found: _Fetched) -> None:
    fetch = found.fetch
    fetch.reason = found.problem[:200]
    if found.again:
        wait = timedelta(seconds=2**fetch.tries)
        fetch.next_at = timezone.now() + wait
    else:
        fetch.state = FetchState.REFUSED
        log.info("picture_refused", fetch_id=str(fetch.pk), reason=fetch.reason)
    fetch.save(update_fields=["state", "reason", "next_at"])


def _find_alike(digest: str) -> ProductImage | None:
    return ProductImage.objects.filter(content_hash=digest).order_by("pk").first()


def _share(fetch: PictureFetch, digest: str) -> bool:
    """Show the file of a picture of the same bytes, if there is one; return whether."""
    alike = _find_alike(digest)
    if alike is None or alike.width is None or alike.height is None:
        return False
    if not alike.file.name:
        return False
    stored = media_files.StoredPicture(
        alike.file.name, alike.width, alike.height, alike.thumbnails
    )
    _show(fetch, digest, stored)
    return True


@transaction.atomic
def _show(
    fetch: PictureFetch, digest: str, stored: media_files.StoredPicture
) -> bool:
    """Give the image its file, unless it is gone or another's bytes were quicker; return whether
    the file is in use now. Locks: pictures of these bytes, the image.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"picture:{digest}"],
        )
    image = (
        ProductImage.objects.select_for_update(no_key=True)
        .filter(pk=fetch.image_id, external_url=fetch.image.external_url)
        .first()
    )
    fetch.state, fetch.reason = FetchState.DONE, ""
    if image is None:  # staff have changed it meanwhile
        PictureFetch.objects.filter(pk=fetch.pk).delete()
        return False
    alike = _find_alike(digest)
    name = alike.file.name if alike else stored.name
    image.source_url, image.external_url = image.external_url, ""
    image.file.name, image.content_hash = name, digest
    image.width, image.height = stored.width, stored.height
    image.thumbnails = alike.thumbnails if alike else stored.thumbnails
    image.save()
    fetch.save(update_fields=["state", "reason"])
    return name == stored.name
