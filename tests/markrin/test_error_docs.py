"""docs/errors.md and /api/errors list every code."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from markrin.api import errors
from markrin.ops.management.commands import write_error_docs
from tests.client import Client


def test_the_document_is_up_to_date() -> None:
    call_command("write_error_docs", "--check")


def test_the_document_lists_every_code_once() -> None:
    listed = re.findall(
        r"^\| (\d{3}) \| `([a-z_0-9]+)` \|",
        write_error_docs.render_docs(),
        re.MULTILINE,
    )
    assert sorted(listed) == sorted(
        (str(kind.status), kind.code) for kind in errors.ShopError.registry.values()
    )
    assert ("404", "not_found") in listed


def test_check_fails_where_the_document_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "errors.md"
    monkeypatch.setattr(write_error_docs, "PATH", old)
    with pytest.raises(CommandError, match=r"errors\.md"):
        call_command("write_error_docs", "--check")
    call_command("write_error_docs")
    call_command("write_error_docs", "--check")
    old.write_text(old.read_text().replace("not_found", "missing"))
    with pytest.raises(CommandError):
        call_command("write_error_docs", "--check")


def test_a_problem_s_type_leads_to_its_entry(api: Client) -> None:
    problem: Any = api.get("/api/nothing").json()
    entry = api.get(problem["type"])
    assert entry.json() == {
        "code": "not_found",
        "status": 404,
        "title": errors.NotFound.message,
    }
    assert entry.json() in api.get("/api/errors").json()["items"]
    assert api.get("/api/errors/no-such").status_code == 404
