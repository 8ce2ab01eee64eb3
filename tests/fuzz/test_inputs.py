"""Bad input at every endpoint: the right refusal, and nothing written. Auth.md, section 9, tests 19 and 20."""

import os

from tests.fuzz import endpoints, table, world

FULL = os.environ.get("FUZZ") == "full"


def test_19_20_every_bad_input_is_refused_everywhere(db):
    with world.settings():
        world.build()
        person = world.Person("staff")
        tally = table.run(endpoints.every(), person.headers(), every=1 if FULL else 11)
    if FULL:
        print("", *tally.lines(), sep="\n")
    assert not tally.wrong, f"{len(tally.wrong)} of {tally.tried}:\n" + "\n".join(tally.wrong[:40])
    assert tally.tried > (4000 if FULL else 300)
