"""What only pages need stands in no way of the API's data."""

import pytest
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from markrin.page_middleware import PagesOnly, Views

SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
SEEN: list[str] = []


def note(get_response):
    """Note what comes this far."""

    def answer(request: HttpRequest) -> HttpResponse:
        SEEN.append(request.path)
        return get_response(request)

    return answer


@pytest.mark.parametrize(
    ("path", "is_page"),
    [
        ("/api/errors", False),
        ("/api/no-such-thing", False),
        ("/api/docs", True),
        ("/api/schema", True),
        ("/admin/login/", True),
        ("/apiary", True),
        ("/health/live", False),  # answered before
    ],
)
def test_only_pages_take_the_way_of_pages(
    client, settings, db, path: str, is_page: bool
) -> None:
    settings.MIDDLEWARE = [
        part
        for each in settings.MIDDLEWARE
        for part in ([f"{__name__}.note", each] if each == SESSION else [each])
    ]
    SEEN.clear()
    client.get(path)
    assert ([path] if is_page else []) == SEEN


def test_the_api_still_refuses_a_host_that_is_not_the_shops(
    client, settings
) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]
    answer = client.get("/api/errors", headers={"host": "other.example"})
    assert answer.status_code == 400


def test_a_file_may_be_asked_for_by_another_hosts_name(settings) -> None:
    """As a CDN does: what looks at the host comes later."""
    names = [each for each in settings.MIDDLEWARE if "markrin" not in each]
    assert names.index("whitenoise.middleware.WhiteNoiseMiddleware") < names.index(
        "django.middleware.common.CommonMiddleware"
    )


def test_refuses_to_start_where_the_views_are_not_known(settings) -> None:
    settings.MIDDLEWARE = [
        each for each in settings.MIDDLEWARE if not each.endswith("Views")
    ]
    with pytest.raises(ImproperlyConfigured, match=r"page_middleware\.Views"):
        WSGIHandler().load_middleware()


def test_each_chain_has_views_of_its_own(settings) -> None:
    def views(name: str) -> PagesOnly:
        with pytest.raises(MiddlewareNotUsed):
            Views(lambda request: HttpResponse(name))
        return PagesOnly(lambda request: HttpResponse("page"))

    first, second = views("first"), views("second")
    request = RequestFactory().get("/api/errors")
    answers = [views(request) for views in (first, second)]
    assert [getattr(answer, "content", None) for answer in answers] == [
        b"first",
        b"second",
    ]
