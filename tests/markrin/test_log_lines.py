"""What the standard library logs comes out as the shop's own lines do."""

import json
import logging

import pytest
from pytest_django import Settings

from markrin.observe import logs


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
        {"msg": "hello %s", "args": ("wörld",), "levelno": 30, "levelname": "WARNING"}
    )
    logs._Handler().emit(record)
    (line,) = written
    if form == "json":
        assert json.loads(line)["event"] == "hello wörld"
    else:
        assert line.decode().split(" ", 1)[1].strip() == "warning hello wörld"
