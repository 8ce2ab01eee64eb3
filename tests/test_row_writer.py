"""What the demo's loader has done on its connection, and by whom, while it makes more rows."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from uuid import uuid4

import psutil
import pytest
from django.db import IntegrityError, connection

from demo import catalogue, gallery, row_writer
from demo.plan import Plan
from demo.row_writer import RowWriter
from products.models import Category

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def sink(db: None) -> Iterator[RowWriter]:
    with RowWriter() as sink:
        yield sink


def add_category(sink: RowWriter, slug: str) -> None:
    row = (uuid4(), NOW, NOW, slug, slug, "", "", None, 0, None)
    sink.add("products_category", row)


def test_what_is_run_comes_after_what_was_added_while_the_caller_goes_on(
    sink: RowWriter,
) -> None:
    may_go_on, seen = Event(), list[int]()

    def count() -> None:
        assert may_go_on.wait(10)
        seen.append(Category.objects.count())

    add_category(sink, "first")
    sink.run_after(count)
    add_category(sink, "second")
    sink.run_after(lambda: seen.append(Category.objects.count()))
    assert not seen
    may_go_on.set()
    sink.flush()
    assert seen == [1, 2]
    assert sink.counts == {"products_category": 2}


def test_the_caller_waits_once_enough_does(sink: RowWriter, monkeypatch) -> None:
    monkeypatch.setattr(row_writer, "_BATCH", 1)
    monkeypatch.setattr(row_writer, "_WAITING", 2)
    sink.run_after(lambda: time.sleep(0.5))
    started = time.monotonic()
    for slug in "abc":
        add_category(sink, slug)
    assert time.monotonic() - started > 0.3
    sink.flush()
    assert Category.objects.count() == 3


def test_what_is_refused_is_raised_by_the_flush(sink: RowWriter) -> None:
    add_category(sink, "same")
    add_category(sink, "same")
    sink.run_after(Category.objects.count)
    with pytest.raises(IntegrityError, match="slug"):
        sink.flush()


@pytest.mark.usefixtures("db")
def test_a_caller_that_gives_up_leaves_out_what_has_not_begun() -> None:
    begun, may_go_on, seen = Event(), Event(), list[str]()

    def wait() -> None:
        begun.set()
        may_go_on.wait(0.5)

    with RowWriter() as sink:
        sink.run_after(wait)
        sink.run_after(lambda: seen.append("too late"))
        assert begun.wait(10)
    assert not seen
    assert connection.is_usable()


@pytest.mark.parametrize("in_idle_time", [True, False])
def test_pictures_are_drawn_in_idle_time(in_idle_time: bool) -> None:
    ours = psutil.Process()
    articles = list(catalogue.make_articles(Plan(NOW.date(), 1, scaled=True)))
    with gallery.draw_pictures(articles, in_idle_time=in_idle_time) as drawings:
        for drawn in drawings.values():
            assert drawn.result(60)
        nice = {child.nice() for child in ours.children()}
    assert (max(nice) > ours.nice()) == in_idle_time
