"""What a shop has before anybody has configured it, and how strong its secrets are."""

import json
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.models import User
from markrin import settings as shop_settings
from markrin.observe import requests
from markrin.observe.logs import lines
from orders.customer_identity import new_token


@pytest.mark.asvs("6.3.2", "13.2.3")
def test_a_new_shop_has_no_accounts(db: None) -> None:
    assert not User.objects.exists()


@pytest.mark.asvs("11.4.2")
def test_passwords_are_kept_by_argon2id_with_todays_costs() -> None:
    """Source: OWASP Password Storage Cheat Sheet: 19 MiB and two passes at least."""
    assert shop_settings.PASSWORD_HASHERS == [
        "django.contrib.auth.hashers.Argon2PasswordHasher"
    ]
    hasher = Argon2PasswordHasher()
    found = hasher.decode(hasher.encode("correct horse", hasher.salt()))
    assert found["variety"] == "argon2id"
    assert found["memory_cost"] >= 19 * 1024
    assert found["time_cost"] >= 2


@pytest.mark.asvs("7.2.3", "11.5.1")
def test_a_guests_token_has_256_bits_and_is_never_the_same() -> None:
    made = {new_token() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(each) for each in made} == {43}  # 256 bits in base64url


@pytest.mark.asvs("13.4.3", "13.4.1")
@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/products/",
        "/static/",
        "/assets/",
        "/.git/config",
        "/.env",
    ],
)
def test_no_folder_is_listed_and_no_file_beside_the_shops_is_served(
    path: str, client: object, db: None
) -> None:
    answer = client.get(path)  # type: ignore[attr-defined]  # Django's
    assert answer.status_code == 404
    assert b"Index of" not in answer.content


@pytest.mark.asvs("16.2.1", "16.2.2")
def test_a_requests_line_says_when_in_utc(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(
        lines, "write", lambda line, now=False: written.append(line)
    )
    settings.LOG_FORMAT = "json"  # type: ignore[attr-defined]  # pytest-django's
    requests.write_line(method="GET", route="api/products", status=200)
    line = json.loads(written[0])
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)
    assert (line["method"], line["route"], line["status"]) == (
        "GET",
        "api/products",
        200,
    )
