"""Any order of sign-in, refresh, lost answer, theft and logout against a model of the rules."""

from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis.extra.django import TestCase
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from accounts.models import Session
from tests.accounts.flows import (
    live_tokens,
    login,
    new_key,
    profile,
    read_refusal,
    refresh,
)
from tests.client import Client
from tests.factories import make_user

KEYS = [new_key() for _ in range(3)]
DEAD = (401, "session_revoked")


class Model:
    """What the rules say about one session: its tokens by generation, and how the last
    rotation came about.
    """

    def __init__(self, tokens: dict[str, Any]) -> None:
        self.id = tokens["sessionId"]
        self.tokens = [tokens["refresh"]]
        self.access = tokens["access"]
        self.key: str | None = None
        self.rotated_at = timezone.now()
        self.alive = True

    def expected(self, generation: int, key: str | None) -> str:
        """Return the rule that a refresh with this generation's token must meet."""
        newest = len(self.tokens) - 1
        if not self.alive:
            return "revoked"
        if generation == newest:
            return "rotate"
        in_time = timezone.now() - self.rotated_at <= timedelta(seconds=300)
        if (
            generation == newest - 1
            and key is not None
            and key == self.key
            and in_time
        ):
            return "retry"
        return "reuse"


class SignIn(RuleBasedStateMachine):
    """The client: it remembers every token it has ever seen, and sends any of them at any time."""

    sessions = Bundle("sessions")

    @initialize()
    def begin(self) -> None:
        self.user = make_user()
        self.models: list[Model] = []
        self.clock = time_machine.travel(timezone.now(), tick=False)
        self.traveller = self.clock.start()

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            self.clock.stop()

    @rule(target=sessions)
    def sign_in(self) -> Model:
        model = Model(login(self.user))
        self.models.append(model)
        return model

    @rule(
        model=sessions,
        back=st.integers(0, 3),
        key=st.sampled_from([None, *KEYS]),
        lost=st.booleans(),
    )
    def send(self, model: Model, back: int, key: str | None, lost: bool) -> None:
        """Refresh with the newest token or an older one: an honest client, one that lost an
        answer, or a thief.
        """
        generation = max(0, len(model.tokens) - 1 - back)
        expected = model.expected(generation, key)
        answer = refresh(model.tokens[generation], key)
        if expected in ("rotate", "retry"):
            assert answer.status_code == 200, (expected, answer.content)
            token = answer.json()["refresh"]
            if expected == "rotate":
                assert token not in model.tokens
                model.tokens.append(token)
                model.key, model.rotated_at = key, timezone.now()
            assert token == model.tokens[-1]
            if not lost:
                model.access = answer.json()["access"]
        else:
            assert read_refusal(answer) == DEAD, expected
            model.alive = False
            assert profile(model.access).status_code == 401

    @rule(model=sessions, back=st.integers(0, 3))
    def sign_out(self, model: Model, back: int) -> None:
        token = model.tokens[max(0, len(model.tokens) - 1 - back)]
        assert (
            Client().post("/api/auth/logout", {"refresh": token}).status_code == 204
        )
        model.alive = False

    @precondition(lambda self: any(model.alive for model in self.models))
    @rule()
    def sign_out_everywhere(self) -> None:
        access = next(model.access for model in self.models if model.alive)
        answer = Client().post(
            "/api/auth/logout-all", headers={"Authorization": f"Bearer {access}"}
        )
        if answer.status_code == 204:
            for model in self.models:
                model.alive = False
        else:
            assert answer.status_code in (
                401,
                403,
            )  # the access token was old, or the password was

    @rule(seconds=st.sampled_from([1, 150, 299, 301]))
    def wait(self, seconds: int) -> None:
        self.traveller.shift(seconds)

    @invariant()
    def the_rows_agree(self) -> None:
        for model in getattr(self, "models", []):
            row = Session.objects.get(pk=model.id)
            assert (row.revoked_at is None) == model.alive
            assert row.generation == len(model.tokens) - 1
        if getattr(self, "models", []):
            assert live_tokens(self.models[0].id) == sum(
                model.alive for model in self.models
            )


# hypothesis makes it
class TestSignInKeepsItsRules(SignIn.TestCase, TestCase):  # type: ignore[misc, valid-type]
    settings = settings(  # type: ignore[assignment]  # where hypothesis looks
        max_examples=12,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
