"""Enumeration and rate limits."""

import itertools
import time
from typing import Any, cast

import pytest
import redis
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import override_settings
from django_redis import get_redis_connection

from accounts.models import Session
from dev.processes import socket_folder
from dev.valkey import Valkey
from markrin.api import client_address, rate_limits
from tests.accounts.flows import (
    at_once,
    codes,
    login,
    profile,
    read_refusal,
    refresh,
)
from tests.client import Client
from tests.factories import PASSWORD, make_user

WRONG = {"password": "not this one"}


@pytest.fixture
def real_limits(settings):
    """Let the limits be those of the shop."""
    settings.RATE_LIMIT_SCALE = 1.0


def attempt(
    email: str, password: str = "not this one", ip: str = "127.0.0.1"
) -> Any:
    """Try to sign in, from an address."""
    client = Client()
    client.http.defaults["REMOTE_ADDR"] = ip
    return client.post("/api/auth/login", {"email": email, "password": password})


# --- Nobody learns who has an account ------------------------------------------------------------
class CostlyArgon2(Argon2PasswordHasher):
    """Dear enough that skipping it would show."""

    time_cost, memory_cost, parallelism = 1, 1024, 1
    work = 0

    def encode(self, password, salt):
        type(self).work += 1
        return super().encode(password, salt)

    def verify(self, password, encoded):
        type(self).work += 1
        return super().verify(password, encoded)


def test_unknown_wrong_and_inactive_look_the_same_and_take_as_long(db):
    with override_settings(
        PASSWORD_HASHERS=["tests.accounts.test_limits.CostlyArgon2"]
    ):
        known, inactive, unset = (
            make_user(),
            make_user(is_active=False),
            make_user(password=None),
        )
        tries = {
            "unknown": ("nobody@example.com", "not this one"),
            "wrong": (known.email, "not this one"),
            "inactive": (inactive.email, PASSWORD),
            "unset": (unset.email, PASSWORD),
        }
        work, bodies = {}, set()
        for name, (email, password) in tries.items():
            before = CostlyArgon2.work
            answer = attempt(email, password)
            work[name] = CostlyArgon2.work - before
            document = {
                key: value
                for key, value in answer.json().items()
                if key != "requestId"
            }
            bodies.add(
                (
                    answer.status_code,
                    str(document),
                    answer.headers["WWW-Authenticate"],
                )
            )
    assert len(bodies) == 1
    assert next(iter(bodies))[0] == 401
    # The hash is what takes the time, so it is counted: clocks are not for tests.
    assert work == dict.fromkeys(tries, 1)


def test_forgetting_and_resending_look_the_same(api, customer):
    for path in ("password/forgot", "email/verify/resend"):
        answers = [
            api.post(f"/api/auth/{path}", {"email": email})
            for email in (customer.email, "nobody@example.com")
        ]
        assert [(answer.status_code, answer.json()) for answer in answers] == [
            (202, {"accepted": True})
        ] * 2


def test_forgetting_does_the_same_work(api, customer, django_assert_num_queries):
    for email in (customer.email, "nobody@example.com"):
        with django_assert_num_queries(6):  # look up, savepoint, log, job, release
            api.post("/api/auth/password/forgot", {"email": email})


# --- Limits hold, for the right ones -------------------------------------------------------------
@pytest.mark.asvs("6.3.1")
@pytest.mark.django_db(transaction=True)
def test_thirty_wrong_passwords_at_once_get_five_tries(real_limits):
    user = make_user()
    answers = at_once(lambda _: attempt(user.email), times=30)
    assert codes(answers) == [401] * 5 + [429] * 25
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 300


def test_a_success_forgets_the_failures(db, real_limits):
    user = make_user()
    for _ in range(3):
        assert codes([attempt(user.email) for _ in range(4)]) == [401] * 4
        assert attempt(user.email, PASSWORD).status_code == 200


def test_a_network_has_a_hundred_failures(db, real_limits):
    answers = [attempt(f"nobody{number}@example.com") for number in range(101)]
    assert codes(answers) == [401] * 100 + [429]
    assert (
        attempt("nobody@example.com", ip="192.0.2.7").status_code == 401
    )  # another network


def test_a_stranger_cannot_lock_the_owner_out(db, real_limits):
    user = make_user()
    assert attempt(user.email, PASSWORD, ip="198.51.100.1").status_code == 200
    for number in range(52):
        attempt(user.email, ip=f"192.0.2.{number}")
    assert attempt(user.email, PASSWORD, ip="192.0.2.200").status_code == 429
    assert attempt(user.email, PASSWORD, ip="198.51.100.1").status_code == 200


def test_thirty_refreshes_a_minute(customer, real_limits):
    tokens, answer = login(customer), None
    for _ in range(30):
        answer = refresh(tokens["refresh"])
        assert answer.status_code == 200
        tokens = answer.json()
    assert read_refusal(refresh(tokens["refresh"])) == (429, "rate_limited")
    assert Session.objects.get().revoked_at is None


def test_five_registrations_an_hour(api, db, real_limits):
    body = {"name": "A", "password": "a quiet harbour"}
    answers = [
        api.post(
            "/api/auth/register", {**body, "email": f"new{number}@example.com"}
        )
        for number in range(6)
    ]
    assert codes(answers) == [201] * 5 + [429]


def test_three_forgotten_passwords_an_hour_for_an_account(
    api, customer, real_limits
):
    for email in (customer.email, "nobody@example.com"):
        answers = [
            api.post("/api/auth/password/forgot", {"email": email})
            for _ in range(4)
        ]
        assert codes(answers) == [202] * 3 + [429]


@pytest.mark.asvs("2.4.1")
def test_the_whole_api_has_a_limit_for_each_client(
    api, customer, settings, real_limits
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api": "3/60"}
    one, other = api.as_user(customer), api.as_user(make_user())
    assert codes([one.get("/api/auth/profile") for _ in range(4)]) == [200] * 3 + [
        429
    ]
    assert other.get("/api/auth/profile").status_code == 200
    assert codes([profile("no.token.at-all") for _ in range(4)]) == [401] * 3 + [
        429
    ]


@pytest.mark.parametrize(
    "forged", ["203.0.113.{}", "203.0.113.{}, 127.0.0.1", "for=203.0.113.{}"]
)
def test_a_forged_forwarded_address_gives_no_new_tries(db, real_limits, forged):
    user = make_user()
    answers = []
    for number in range(6):
        headers = {
            "X-Forwarded-For": forged.format(number),
            "X-Real-Ip": f"203.0.113.{number}",
        }
        body = {"email": user.email, "password": "not this one"}
        answers.append(Client().post("/api/auth/login", body, headers=headers))
    assert codes(answers) == [401] * 5 + [429]


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "wanted"),
    [
        ("192.0.2.1", "203.0.113.9", [], "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", ["10.0.0.0/8"], "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", ["10.0.0.0/8"], "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", ["10.0.0.0/8"], "203.0.113.9"),
        (
            "10.0.0.1",
            "1.1.1.1, 203.0.113.9, 10.0.0.2",
            ["10.0.0.0/8"],
            "203.0.113.9",
        ),
        ("10.0.0.1", "203.0.113.9, nonsense", ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", "", ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", ["10.0.0.0/8"], "10.0.0.3"),
        ("", "203.0.113.9", ["10.0.0.0/8"], "203.0.113.9"),
        ("", "203.0.113.9", [], None),
        ("::ffff:10.0.0.1", "2001:db8::1", ["10.0.0.0/8"], "2001:db8::1"),
    ],
)
def test_only_our_proxies_are_believed(
    rf, settings, peer, forwarded, trusted, wanted
):
    settings.TRUSTED_PROXIES = trusted
    assert (
        client_address.get_client_address(
            rf.get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=peer)
        )
        == wanted
    )


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("x", "unknown"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_subscriber(address, wanted):
    assert client_address.network_of(address) == wanted


@pytest.fixture
def valkey_away(settings, tmp_path):
    """Let Valkey be somewhere where nobody listens."""
    settings.LIMITS_URL = f"unix://{tmp_path}/nobody.sock"


@pytest.mark.asvs("16.5.3")
@pytest.mark.django_db(transaction=True)
def test_without_valkey_each_process_is_stricter_and_never_open(
    real_limits, valkey_away
):
    user = make_user()
    answers = at_once(lambda _: attempt(user.email), times=12)
    assert codes(answers) == [401] + [429] * 11  # a quarter of five, per process
    assert attempt(make_user().email, PASSWORD).status_code == 200


@pytest.fixture
def small_valkey(settings, tmp_path):
    """Count limits in a Valkey of their own with a megabyte to spare, which evicts nothing."""
    server = Valkey(tmp_path, durable=False)
    server.start()
    try:
        path = socket_folder(tmp_path) / "valkey.sock"
        with redis.Redis(unix_socket_path=str(path)) as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", client.info()["used_memory"] + 2**20)
            settings.LIMITS_URL = f"unix://{path}"
            yield client
    finally:
        server.stop()


def fill_valkey(valkey: redis.Redis) -> None:
    """Write until the server refuses."""
    for number in itertools.count():
        valkey.set(f"filler:{number}", "x" * 50_000, ex=3600)


@pytest.mark.asvs("2.4.1")
@pytest.mark.django_db(transaction=True)
def test_who_fills_the_cache_or_the_counters_gains_no_try(
    real_limits, small_valkey
):
    user = make_user()
    assert codes([attempt(user.email) for _ in range(6)]) == [401] * 5 + [429]
    cast("redis.Redis", get_redis_connection("default")).flushdb()
    assert codes([attempt(user.email)]) == [429]
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        fill_valkey(small_valkey)
    # A full server counts nothing: each process then does, and is stricter.
    answers = [attempt(user.email) for _ in range(3)]
    assert codes(answers).count(429) >= 2, codes(answers)
    small_valkey.config_set("maxmemory", 0)
    time.sleep(rate_limits.AWAY_S + 0.1)
    assert codes([attempt(user.email)]) == [429]


def test_valkey_counts_again_once_it_is_back(settings, tmp_path, monkeypatch):
    limit = rate_limits.Limit("back", 1, 60)
    settings.RATE_LIMIT_SCALE = 1.0
    url = settings.LIMITS_URL
    store = rate_limits._shared_store(url)
    monkeypatch.setattr(rate_limits, "AWAY_S", 0.2)
    real = store._shared.incr

    def broken(*args: Any, **kwargs: Any) -> int:
        raise redis.ConnectionError

    monkeypatch.setattr(store._shared, "incr", broken)
    assert [rate_limits.count_request(limit, "a") is None for _ in range(2)] == [
        True,
        False,
    ]
    monkeypatch.setattr(store._shared, "incr", real)
    time.sleep(0.25)
    assert [rate_limits.count_request(limit, "a") is None for _ in range(2)] == [
        True,
        False,
    ]
    rate_limits.reset_counter(limit, "a")
    assert rate_limits.count_request(limit, "a") is None
