"""What the standard library logs comes out as the shop's own lines do."""

import json
import logging

import pytest
from pytest_django import Settings

from accounts.models import User
from markrin.observe import logs
from tests.client import Client


@pytest.mark.asvs("16.4.1", "16.2.4")
@pytest.mark.parametrize("form", ["json", "text"])
def test_a_record_of_a_library_is_one_line(
    form: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOG_FORMAT = form
    written: list[bytes] = []
    monkeypatch.setattr(
        logs.lines, "write", lambda line, now=False: written.append(line)
    )
    record = logging.makeLogRecord(
        {
            "msg": "hello %s",
            "args": ("wörld",),
            "levelno": 30,
            "levelname": "WARNING",
        }
    )
    logs._Handler().emit(record)
    (line,) = written
    if form == "json":
        assert json.loads(line)["event"] == "hello wörld"
    else:
        assert line.decode().split(" ", 1)[1].strip() == "warning hello wörld"


@pytest.mark.asvs("16.3.2")
@pytest.mark.django_db
def test_a_refusal_is_logged_with_who_and_where(
    customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client().as_user(customer)
    written: list[bytes] = []
    monkeypatch.setattr(
        logs.lines, "write", lambda line, now=False: written.append(line)
    )
    assert client.get("/api/staff/orders").status_code == 403
    (line,) = [one.decode() for one in written if b"status" in one]
    assert "staff/orders" in line
    assert "403" in line
    assert str(customer.pk) in line
