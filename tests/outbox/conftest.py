import pytest

from tests.outbox import jobs


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    jobs.ran.clear()
