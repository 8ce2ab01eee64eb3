"""The table that `make chaos` prints: fault × tries × what must hold × what was counted ×
breaches.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

Record = Callable[..., None]
AFTER_EACH = "verify, after every fault above"


@dataclass(frozen=True)
class Line:
    fault: str
    tries: int
    invariant: str
    counted: str
    breaches: int


_lines = pytest.StashKey[list[Line]]()
_verified = pytest.StashKey[list[int]]()


@pytest.fixture
def hold(request: pytest.FixtureRequest) -> Record:
    """Return `hold(fault, tries, invariant, counted, breaches)`: a line of the table, and a
    failure on a breach.
    """

    def record(
        fault: str, tries: int, invariant: str, counted: str, breaches: int
    ) -> None:
        lines = request.config.stash.setdefault(_lines, [])
        lines.append(Line(fault, tries, invariant, counted, breaches))
        assert breaches == 0, f"{fault}: {invariant}: {counted}"

    return record


@pytest.fixture
def verified(
    request: pytest.FixtureRequest, transactional_db: None
) -> Iterator[None]:
    """Prove every rule of the data when the test has ended, whether it held or not; a
    breach fails it.
    """
    yield
    said = verify()
    request.config.stash.setdefault(_verified, []).append(len(said))
    assert not said, "\n".join(said)


def verify() -> list[str]:
    """Run `manage.py verify` and return what it found wrong, a line each; empty where nothing is.

    Without the pictures that other tests of this process have left: chaos makes none.
    """
    said = io.StringIO()
    try:
        with TemporaryDirectory() as media, override_settings(MEDIA_ROOT=media):
            call_command("verify", stdout=said, stderr=io.StringIO())
    except CommandError as exc:
        return [*said.getvalue().splitlines(), str(exc)]
    return []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table."""
    lines = config.stash.get(_lines, [])
    if not lines:
        return
    if verified := config.stash.get(_verified, []):
        wrong = sum(map(bool, verified))
        lines.append(
            Line(
                AFTER_EACH,
                len(verified),
                "finds nothing",
                f"{sum(verified)} rows said",
                wrong,
            )
        )
    write = terminalreporter.write_line
    terminalreporter.section("faults")
    write(f"{'fault':<44} {'tries':>5}  {'must hold':<52} {'breaches':>8}  counted")
    for line in lines:
        write(
            f"{line.fault:<44} {line.tries:>5}  {line.invariant:<52} {line.breaches:>8} "
            f" {line.counted}"
        )
    # A fault has a line for each thing that must hold; `verify` is none.
    tries = {line.fault: line.tries for line in lines if line.fault != AFTER_EACH}
    write(
        f"{sum(tries.values())} faults injected, {sum(line.breaches for line in lines)} breaches"
    )
