"""The OpenAPI document is true: schemathesis, which believes it, finds no difference."""

import os
import random
import time
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.core.management import call_command

from markrin.api import fields
from tests.fuzz import document, endpoints, inputs, sample_shop

FULL = os.environ.get("FUZZ") == "full"
EXAMPLES = int(
    os.environ.get("FUZZ_EXAMPLES", "5")
)  # generated inputs for each operation and person
ROLES = os.environ.get("FUZZ_ROLES", ",".join(sample_shop.ROLES)).split(",")


@pytest.mark.timeout(7200 if FULL else 600)
@pytest.mark.django_db(transaction=True)
def test_a_fuzzer_that_believes_the_document_finds_no_difference(
    settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path  # `verify` looks for files that no row names
    document.register()
    outcomes = []
    with (
        sample_shop.settings(),
        document.connections_closed(),
        document.crashes() as crashes,
    ):
        sample_shop.build()
        turn = random.randrange(len(ROLES))
        for number, role in enumerate(ROLES):
            begun = time.monotonic()
            if FULL:
                outcome = document.run(role, examples=EXAMPLES)
            else:
                outcome = document.run(
                    role,
                    examples=1,
                    phases=("fuzzing",),
                    part=((number + turn) % len(ROLES), len(ROLES)),
                )
            outcomes.append(outcome)
            print(
                f"{role}: {len(outcome.operations)} operations, {outcome.examples}"
                f" examples, {len(outcome.failures)} failures,"
                f" {time.monotonic() - begun:.0f} s; answers:"
                f" {dict(sorted(outcome.statuses.items()))}; {len(outcome.accepted)}"
                f" operations have answered 2xx; checks: {sum(outcome.checks.values())}"
            )
    call_command("verify")  # whatever was let in keeps every invariant
    found = {
        f"{one.role}: {title}": how
        for one in outcomes
        for title, how in one.failures.items()
    }
    assert not found | crashes, "\n\n".join(
        f"{title}\n{how}" for title, how in (found | crashes).items()
    )
    assert sum(len(one.operations) for one in outcomes) == document.operations() * (
        len(ROLES) if FULL else 1
    )
    assert not FULL or sum(one.examples for one in outcomes) >= 4_000 * len(ROLES)


def _texts() -> Iterator[tuple[str, Any]]:
    """Yield every field of the API that a client fills with a string, and where it is."""
    for endpoint in endpoints.every():
        for path, one in inputs.places(endpoint):
            yield f"{endpoint} {'/'.join(map(str, path))}", one
        for schema in (endpoint.stated.query, endpoint.stated.headers):
            found: dict[str, Any] = schema().fields if schema else {}
            for name, one in found.items():
                is_list = isinstance(one, fields.CommaSeparated)
                yield f"{endpoint} {name}", one.inner if is_list else one


def test_a_text_with_nul_is_no_text_of_the_document():
    """The shop refuses NUL anywhere; the document says so by pattern, format or list of values."""
    tried, taken = 0, []
    for where, one in _texts():
        if isinstance(one, fields.Nested) or one.limits().get("type") != "string":
            continue
        stated = jsonschema_rs.Draft202012Validator(
            one.limits(), formats=document.FORMATS, validate_formats=True
        )
        least = one.limits().get("minLength", 0)
        for text in ("\0", "a\0a", "1\0.00", "\0".ljust(least, "a")):
            tried += 1
            if stated.is_valid(text):
                taken.append(f"{where}: {text!r}")
    assert not taken
    assert tried > 1000
