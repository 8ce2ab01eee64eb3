"""Bad input at every endpoint: the right refusal, and nothing written. Auth.md, section 9,
tests 19 and 20.
"""

import json
import os

import pytest
from django.db import transaction
from django.test import Client

from tests.fuzz import endpoints, sample_shop, table

FULL = os.environ.get("FUZZ") == "full"


@pytest.mark.asvs("1.2.4", "2.2.1")
@pytest.mark.timeout(3600 if FULL else 600)
def test_every_bad_input_is_refused_everywhere(db):
    with sample_shop.settings():
        sample_shop.build()
        person = sample_shop.Person("staff")
        tally = table.run(
            endpoints.every(), person.headers(), every=1 if FULL else 17
        )
    if FULL:
        print("", *tally.lines(), sep="\n")
    assert not tally.wrong, f"{len(tally.wrong)} of {tally.tried}:\n" + "\n".join(
        tally.wrong[:40]
    )
    assert tally.tried > (4000 if FULL else 250)


# Read by the log, the limits, the cache, the sign-in: none of them refuses a request for
# what stands in these.
READ_BESIDES = {
    "Authorization": [
        "Bearer \x00",
        "Bearer a.b.c",
        "Bearer " + "x" * 9000,
        "Basic ???",
        "\xff",
    ],
    "Cookie": [
        "=;;\xff",
        "__Host-refresh=\x00",
        "csrftoken=\xff; csrftoken=",
        "sessionid=" + "x" * 5000,
    ],
    "User-Agent": ["\x00\xff\u00ad", "x" * 9000],
    "X-Forwarded-For": ["1.2.3, ,::%zz", "\xff", "," * 500],
    "X-Request-Id": ["\xe9\n", "x" * 5000],
    "Accept-Language": ["x" * 5000, "en;q=zz,\xff"],
    "Accept-Encoding": [";;;q=zz", "gzip;q=1e999"],
    "If-None-Match": ['"', "W/", "\xff"],
    "Origin": ["null", "https://[", "\xff"],
    "Referer": ["https://[", "\xff"],
    "Sec-Fetch-Site": ["\xff"],
    "Traceparent": ["00-zz-zz-zz", "\xff"],
}


@pytest.mark.timeout(3600 if FULL else 600)
def test_a_header_that_is_read_besides_is_never_our_fault(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client, ids, tried, faults = (
        Client(raise_request_exception=False),
        sample_shop.Ids(),
        0,
        [],
    )
    headers = [
        (name, value) for name, values in READ_BESIDES.items() for value in values
    ]
    with sample_shop.settings():
        sample_shop.build()
        who = sample_shop.Person("staff").headers()
        for number, endpoint in enumerate(endpoints.every()):
            body = json.dumps(endpoint.body(ids)) if endpoint.stated.body else ""
            kind = "application/json" if body else ""
            for name, value in headers if FULL else headers[number % 15 :: 15]:
                before = transaction.savepoint()
                answer = client.generic(
                    endpoint.method,
                    endpoint.path(ids),
                    body,
                    kind,
                    headers=who | {name: value},
                )
                transaction.savepoint_rollback(before)
                tried += 1
                if answer.status_code >= 500:
                    faults.append(
                        f"{endpoint} {name}: {value[:20]!r} \u2192 {answer.status_code}"
                    )
    assert not faults, f"{len(faults)} of {tried}:\n" + "\n".join(faults[:40])
    assert tried > (2000 if FULL else 150)
    if FULL:
        print(
            f"\n{len(headers)} values of {len(READ_BESIDES)} headers, {tried} requests, 0 faults"
        )
