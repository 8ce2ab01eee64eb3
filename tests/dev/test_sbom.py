"""`make sbom` names everything that a build installs, as the lock files and the Dockerfile
have it.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dev import sbom
from dev.processes import StackError
from dev.stack import ROOT


@pytest.fixture
def documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, Any]]:
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    assert sbom.main() == 0
    return {
        path.name.split(".")[0]: json.loads(path.read_text())
        for path in (tmp_path / "sbom").iterdir()
    }


@pytest.mark.asvs("15.1.2")
def test_every_pinned_package_and_base_image_is_in_the_images_document(
    documents: dict[str, dict[str, Any]],
) -> None:
    found = {each["purl"] for each in documents["image"]["components"]}
    pinned = re.findall(
        r"^([\w.-]+)==([\w.]+)",
        (ROOT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    assert len(pinned) > 50
    assert {
        f"pkg:pypi/{name.lower()}@{version}" for name, version in pinned
    } <= found
    digests = set(
        re.findall(r"@sha256:([0-9a-f]{64})", (ROOT / "Dockerfile").read_text())
    )
    assert digests == {
        each["hashes"][0]["content"]
        for each in documents["image"]["components"]
        if "docker" in each["purl"]
    }
    assert documents["image"]["specVersion"] == "1.6"
    assert documents["image"]["metadata"]["component"]["name"] == "markrin-image"


def test_the_storefronts_document_has_what_is_shipped_and_not_what_builds_it(
    documents: dict[str, dict[str, Any]],
) -> None:
    names = {each["name"] for each in documents["frontend"]["components"]}
    assert {"react", "react-dom"} <= names
    assert not names & {"vite", "typescript", "vitest"}
    assert all(
        each["hashes"][0]["alg"] == "SHA-512"
        for each in documents["frontend"]["components"]
    )
    assert names <= {each["name"] for each in documents["image"]["components"]}


def test_a_base_image_by_its_tag_alone_is_refused(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM python:3.11-slim-bookworm AS packages\n")
    with pytest.raises(StackError, match="without its digest"):
        list(sbom.base_images(dockerfile))
