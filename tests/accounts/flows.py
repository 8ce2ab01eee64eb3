"""What the tests of signing in do again and again."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any
from uuid import uuid4

from django.db import connection, connections
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import Session
from markrin.outbox import handlers
from markrin.outbox.models import OutboxEvent, State
from tests.client import Client
from tests.factories import PASSWORD

ORIGIN = "http://localhost:8000"
WEB = {"X-Markrin-Client": "web", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


def login(
    user: Any,
    *,
    password: str = PASSWORD,
    client: Client | None = None,
    headers: Any = None,
) -> dict[str, Any]:
    """Sign in and return the answer."""
    answer = (client or Client()).post(
        "/api/auth/login",
        {"email": user.email, "password": password},
        headers=headers,
    )
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def refresh(
    token: str, key: str | None = None, client: Client | None = None
) -> Any:
    """Ask for new tokens and return the response."""
    headers = {"Idempotency-Key": key} if key else {}
    return (client or Client()).post(
        "/api/auth/refresh", {"refresh": token}, headers=headers
    )


def profile(access: str) -> Any:
    """Call something that needs a signed-in user and return the response."""
    return Client().get(
        "/api/auth/profile", headers={"Authorization": f"Bearer {access}"}
    )


def read_refusal(answer: Any) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


def new_key() -> str:
    """Return an Idempotency-Key."""
    return str(uuid4())


def session_of(tokens: dict[str, Any]) -> Session:
    """Return the row."""
    return Session.objects.get(pk=tokens["sessionId"])


def live_tokens(session_id: str) -> int:
    """Return how many refresh tokens of the session's user the blacklist's tables still
    hold for good.
    """
    user_id = Session.objects.values_list("user_id", flat=True).get(pk=session_id)
    return OutstandingToken.objects.filter(
        user_id=user_id, blacklistedtoken=None
    ).count()


def at_once(work: Callable[[int], Any], *, times: int) -> list[Any]:
    """Run `work(0)` to `work(times - 1)` in as many threads, let go together; each has its
    own database connection.
    """
    barrier = Barrier(times)

    def one(number: int) -> Any:
        with closing(connections["default"]):
            connection.ensure_connection()
            barrier.wait(120)
            return work(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def do_jobs() -> list[str]:
    """Run every job that waits in the outbox, as the workers would; return what they were."""
    rows = list(OutboxEvent.objects.filter(state=State.WAITING).order_by("id"))
    for row in rows:
        assert handlers.run_job(handlers.registry[row.task], row.pk) == "done", (
            OutboxEvent.objects.get(pk=row.pk).error
        )
    return [row.task for row in rows]


def codes(answers: Sequence[Any]) -> list[int]:
    """Return the status codes, sorted."""
    return sorted(answer.status_code for answer in answers)
