"""Draws the pictures that the demo's products need, stores them, and writes their rows."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import orjson
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from demo import pictures
from demo.catalogue import Article
from demo.plan import Plan, make_uuid
from demo.row_writer import RowWriter

Look = tuple[str, str]  # a picture of pictures.SHAPES and a colour
Drawn = dict[str, dict[str, bytes]]
Drawings = dict[Look, "Future[Drawn]"]
_NICE = 10


@contextmanager
def draw_pictures(
    articles: list[Article], *, in_idle_time: bool
) -> Iterator[Drawings]:
    """Draw each look that the products have, once, in processes of their own while the caller
    goes on; what is not drawn when the caller leaves is given up. `in_idle_time` they take what
    processor time the caller and the database leave.
    """
    first = {(article.picture, article.colors[0]) for article in articles}
    looks = sorted(
        {
            (article.picture, color)
            for article in articles
            for color in article.colors[:2]
        }
    )
    pool = ProcessPoolExecutor(
        mp_context=get_context("spawn"),
        initializer=os.nice,
        initargs=(_NICE if in_idle_time else 0,),
    )
    try:
        yield {
            look: pool.submit(
                pictures.render_picture, *look, seed=number, close=look in first
            )
            for number, look in enumerate(looks)
        }
    finally:
        pool.shutdown(cancel_futures=True)


def write_images(
    plan: Plan,
    articles: list[Article],
    drawings: Drawings,
    sink: RowWriter,
    progress: Callable[[int], None],
) -> None:
    """Give every product two or three pictures.

    A product has files of its own, unless the demo is scaled: then products of one look share them.
    """
    shared: dict[tuple[Look, str], dict[str, str]] = {}
    for article in articles:
        for position, (look, view) in enumerate(_list_views(article)):
            drawn = drawings[look].result()[view]
            if plan.scaled:
                if (look, view) not in shared:
                    shared[look, view] = _store_files(
                        f"{'-'.join(look).lower()}-{view}", drawn
                    )
                files = shared[look, view]
            else:
                files = _store_files(f"{article.number}-{position}", drawn)
            _write_image(article, position, look[1], files, sink)
        progress(1)


def _list_views(article: Article) -> list[tuple[Look, str]]:
    fronts = [((article.picture, color), "front") for color in article.colors[:2]]
    return [*fronts, (fronts[0][0], "close")]


def _write_image(
    article: Article,
    position: int,
    color: str,
    files: dict[str, str],
    sink: RowWriter,
) -> None:
    at = article.created_at
    alt = f"{article.name} in {color.lower()}"
    full = files[str(pictures.HEIGHT)]
    sink.add(
        "products_productimage",
        (
            make_uuid("image", article.number * 10 + position, at),
            at,
            at,
            article.id,
            full,
            "",
            alt,
            orjson.dumps(files).decode(),
            pictures.WIDTH,
            pictures.HEIGHT,
            position,
            color,
        ),
    )


def _store_files(name: str, sizes: dict[str, bytes]) -> dict[str, str]:
    files = {}
    for side, content in sizes.items():
        file = f"products/demo-{name}-{side}.jpg"
        if default_storage.exists(file):
            default_storage.delete(
                file
            )  # of an earlier demo, whose database has gone
        files[side] = default_storage.save(file, ContentFile(content))
    return files
