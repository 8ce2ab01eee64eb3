"""Pages by number and by cursor, over real rows."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Count, F
from django.db.models.functions import Length
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from markrin.api import errors
from markrin.api.pagination import CursorPage, Page, fetch_page

ORDER = ("-created_at", "-id")


@pytest.fixture
def users(db: None) -> list[User]:
    """Return seven users, of whom three were made at one moment; newest first."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number, minutes in enumerate((0, 1, 1, 1, 2, 3, 4)):
        made = User.objects.create(
            email=f"u{number}@example.com", name=f"N{number % 3}"
        )
        User.objects.filter(pk=made.pk).update(
            created_at=start + timedelta(minutes=minutes)
        )
    return list(User.objects.order_by(*ORDER))


def test_numbered_pages(users: list[User], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        page = Page.of(User.objects.order_by(*ORDER), page=2, limit=3)
    assert page == Page(items=users[3:6], page=2, pages=3, total=7, limit=3)
    assert Page.of(User.objects.order_by(*ORDER), 9, 3) == Page(
        items=[], page=9, pages=3, total=7, limit=3
    )
    assert Page.of(User.objects.none().order_by("id"), 1, 3).pages == 0


def test_deep_pages_point_to_the_cursor(db: None) -> None:
    queryset = User.objects.order_by("id")
    assert Page.of(queryset, page=101, limit=100).items == []
    with pytest.raises(errors.PageTooDeep, match="cursor"):
        Page.of(queryset, page=102, limit=100)


@pytest.mark.parametrize(
    "order",
    [
        ORDER,
        ("created_at", "id"),
        ("name", "-created_at", "id"),
        ("-name", "id"),
        ("id",),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_a_cursor_walks_every_row_once(
    users: list[User],
    order: tuple[str, ...],
    limit: int,
    django_assert_num_queries: Any,
) -> None:
    seen: list[User] = []
    cursor: str | None = ""
    while cursor is not None:
        with django_assert_num_queries(1):
            page: CursorPage[User] = CursorPage.of(
                User.objects.all(), order=order, cursor=cursor, limit=limit
            )
        assert 0 < len(page.items) <= limit
        seen += page.items
        cursor = page.next
    assert seen == list(User.objects.order_by(*order))


def test_a_cursor_walks_by_an_annotation(users: list[User]) -> None:
    queryset = User.objects.annotate(
        size=Length("email") + Count("id") + F("auth_epoch")
    )
    first: CursorPage[Any] = CursorPage.of(queryset, order=("-size", "id"), limit=3)
    rest: CursorPage[Any] = CursorPage.of(
        queryset, order=("-size", "id"), cursor=first.next, limit=10
    )
    assert first.items + rest.items == list(queryset.order_by("-size", "id"))
    assert rest.next is None


def test_a_row_that_is_added_moves_no_other(users: list[User]) -> None:
    first: CursorPage[User] = CursorPage.of(
        User.objects.all(), order=ORDER, limit=3
    )
    User.objects.create(email="new@example.com", name="New")
    assert (
        CursorPage[User]
        .of(User.objects.all(), order=ORDER, cursor=first.next, limit=10)
        .items
        == users[3:]
    )


def cursor_of(written: Any) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps(written).encode()).decode().rstrip("=")
    )


U = "0190b6f0-7000-7000-8000-00000000000a"
AT = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        "a",
        "!",
        "====",
        "\u00e9",
        cursor_of([]),
        cursor_of({}),
        cursor_of([AT]),
        cursor_of([AT, U, U]),
        cursor_of([AT, 5]),
        cursor_of(["yesterday", U]),
        cursor_of(["2026-01-01", U]),
        cursor_of(["2026-01-01T00:00:00", U]),
        cursor_of(["0001-01-01T00:00:00+14:00", U]),
        cursor_of(["9999-12-31T23:59:59-14:00", U]),
        cursor_of([AT, "x"]),
        cursor_of([AT, U + "\0"]),
        cursor_of([AT, "\ud800"]),
        cursor_of([[AT], U]),
        cursor_of([None, None]),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_made_up_cursor_is_refused(db: None, cursor: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        CursorPage.of(User.objects.all(), order=ORDER, cursor=cursor)
    assert [
        (error["parameter"], error["code"]) for error in caught.value.errors
    ] == [("cursor", "cursor")]


numbers = st.sampled_from(
    [
        "1e999",
        "nan",
        "inf",
        "-inf",
        "9" * 30,
        "-" + "9" * 30,
        "1.5",
        "",
        " 1",
        "0x1",
        "1_000",
    ]
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    written=st.lists(
        st.text(max_size=8) | numbers | st.just(U), min_size=2, max_size=2
    ),
    whole=st.booleans(),
)
def test_no_cursor_reaches_the_database_as_an_error(
    db: None, written: list[str], whole: bool
) -> None:
    queryset = User.objects.annotate(
        size=Length("email"), half=F("auth_epoch") / 2.0
    )
    try:
        page: CursorPage[Any] = CursorPage.of(
            queryset,
            order=("size" if whole else "half", "id"),
            cursor=cursor_of(written),
        )
    except errors.Invalid as refusal:
        page = CursorPage([], refusal.code)
    assert page.items == []


def test_paged_goes_by_what_was_asked_for(users: list[User]) -> None:
    assert isinstance(
        fetch_page(User.objects.all(), order=ORDER, page=1, limit=3, cursor=None),
        Page,
    )
    walked = fetch_page(User.objects.all(), order=ORDER, page=1, limit=3, cursor="")
    assert isinstance(walked, CursorPage)
    assert walked.items == users[:3]
