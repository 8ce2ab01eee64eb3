"""What is kept, how it is answered, and what it costs."""

import gzip
import threading

import brotli
import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from markrin.cache import invalidation_listener, middleware, shared_cache
from markrin.cache.tags import drop_tags
from tests.cache import sample_app
from tests.client import Client

PATH = "/api/shelves/shirt"


def status(response):
    return response.headers["Cache-Status"]


def test_the_second_answer_comes_from_the_server_the_third_from_memory_and_the_view_ran_once(
    shop,
):
    first, second, third = shop.get(PATH), shop.get(PATH), shop.get(PATH)

    assert [status(each) for each in (first, second, third)] == [
        "markrin; fwd=miss; stored",
        "markrin; hit; detail=shared",
        "markrin; hit; detail=memory",
    ]
    assert first.json() == second.json() == third.json()
    assert sample_app.rendered == ["shirt"]


def test_a_hit_from_memory_asks_neither_the_database_nor_the_cache_server(
    shop, monkeypatch
):
    shop.get(PATH), shop.get(PATH)
    for name in (
        "read_response",
        "write_response",
        "read_version",
        "begin_rendering",
    ):
        monkeypatch.setattr(
            shared_cache,
            name,
            lambda *args, **kwargs: pytest.fail("the network was used"),
        )

    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = shop.get(PATH)

    assert status(response) == "markrin; hit; detail=memory"
    assert len(queries) == 0


def test_a_reordered_query_is_the_same_answer_and_another_query_another(shop):
    shop.get(f"{PATH}?size=M&color=red")

    assert "hit" in status(shop.get(f"{PATH}?color=red&size=M"))
    assert "miss" in status(shop.get(f"{PATH}?color=red&size=L"))


def test_a_refused_request_keeps_nothing(shop):
    for _ in range(2):
        response = shop.get(f"{PATH}?unknown=1")
        assert response.status_code == 400
        assert "Cache-Status" not in response.headers
    assert shared_cache.count_answers() == 0


def test_a_view_that_is_not_marked_is_never_kept(shop):
    for _ in range(2):
        assert "Cache-Status" not in shop.get("/api/till").headers
    assert sample_app.rendered == ["till", "till"]


def test_what_is_not_found_is_kept_for_a_moment_and_its_problem_names_each_request(
    shop,
):
    first, second = shop.get("/api/shelves/coat"), shop.get("/api/shelves/coat")

    assert first.status_code == second.status_code == 404
    assert sample_app.rendered == ["coat"]
    assert second.json()["code"] == "not_found"
    assert "ETag" not in second.headers

    sample_app.stock["coat"] = 1
    drop_tags({"shelves"})
    assert shop.get("/api/shelves/coat").json()["stock"] == 1


@pytest.mark.parametrize(
    ("accepted", "coding", "unpack"),
    [
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("", None, bytes),
    ],
)
def test_the_body_is_stored_in_the_codings_that_clients_take(
    shop, accepted, coding, unpack
):
    plain = shop.get(PATH).content
    for _ in range(2):  # from the shared tier, then from memory
        response = shop.get(PATH, headers={"Accept-Encoding": accepted})
        assert response.headers.get("Content-Encoding") == coding
        assert int(response.headers["Content-Length"]) == len(response.content)
        assert unpack(response.content) == plain
        assert "Accept-Encoding" in response.headers["Vary"]


def test_if_none_match_gives_304_without_a_body_and_each_coding_has_its_own_etag(
    shop,
):
    first = shop.get(PATH, headers={"Accept-Encoding": "gzip"})
    etag = first.headers["ETag"]

    for header in (etag, f'"other", W/{etag}', "*"):
        again = shop.get(
            PATH, headers={"Accept-Encoding": "gzip", "If-None-Match": header}
        )
        assert (again.status_code, again.content, again.headers["ETag"]) == (
            304,
            b"",
            etag,
        )
    assert shop.get(PATH, headers={"If-None-Match": etag}).status_code == 200

    sample_app.stock["shirt"] = 2
    drop_tags({"shelf:shirt"})
    assert (
        shop.get(
            PATH, headers={"Accept-Encoding": "gzip", "If-None-Match": etag}
        ).status_code
        == 200
    )


def test_head_answers_the_headers_of_get(shop):
    whole = shop.get(PATH)
    for _ in range(2):
        head = shop._send("HEAD", PATH)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(len(whole.content))
        assert head.headers["ETag"] == whole.headers["ETag"]


def test_a_hit_carries_the_security_and_cross_origin_headers_of_a_miss_and_nobody_elses(
    shop,
):
    with override_settings(CORS_ALLOWED_ORIGINS=["https://shop.example"]):
        shop = Client()
        theirs = {"Origin": "https://shop.example"}
        miss, hit = shop.get(PATH, headers=theirs), shop.get(PATH, headers=theirs)
        stranger = shop.get(PATH, headers={"Origin": "https://evil.example"})
        nobody = shop.get(PATH)

    assert "hit" in status(hit)
    for name in (
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Access-Control-Allow-Origin",
        "Content-Type",
        "Vary",
    ):
        assert hit.headers[name] == miss.headers[name], name
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert "Access-Control-Allow-Origin" not in nobody.headers


def test_many_misses_of_one_answer_at_once_cost_one_rendering(shop, monkeypatch):
    real_get, inside = shared_cache.read_version, threading.Event()
    monkeypatch.setattr(
        shared_cache, "read_version", lambda: (inside.wait(0.05), real_get())[1]
    )
    for name in (
        "_WAIT_S",
        "_RENDER_S",
    ):  # whoever has waited so long renders too, which a slow machine may take
        monkeypatch.setattr(middleware, name, 60.0)
    answers = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(Client().get(PATH).status_code)
        )
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 30
    assert sample_app.rendered == ["shirt"]


def test_memory_is_bounded_by_bytes_and_forgets_what_was_used_longest_ago(line):
    from markrin.cache.local_cache import Memory
    from markrin.cache.shared_cache import CachedResponse

    memory = Memory(max_bytes=80_000)
    for number in range(20):
        memory.put(
            str(number),
            CachedResponse(
                200, (), {"identity": b"x" * 7000}, frozenset({"*"}), ""
            ),
            generation=0,
            ttl_s=9,
        )
        memory.get("0")

    assert memory.bytes <= 80_000
    assert [bool(memory.get(name)) for name in ("0", "19", "1")] == [
        True,
        True,
        False,
    ]


def test_an_answer_read_before_a_drop_is_not_put_into_memory_after_it(line):
    from markrin.cache.local_cache import Memory
    from markrin.cache.shared_cache import CachedResponse

    memory, answer = (
        Memory(max_bytes=80_000),
        CachedResponse(200, (), {"identity": b"x"}, frozenset({"a", "*"}), ""),
    )
    before = memory.generation
    memory.drop(["a"])
    assert not memory.put("name", answer, generation=before, ttl_s=9)
    assert memory.put("name", answer, generation=memory.generation, ttl_s=9)
    memory.clear()
    assert memory.get("name") is None


def test_the_line_of_a_process_starts_once(line):
    threads = threading.active_count()
    invalidation_listener.own.start()
    assert threading.active_count() == threads
