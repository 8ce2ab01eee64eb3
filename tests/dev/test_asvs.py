"""The table of ASVS in docs/security.md cannot say more than the tests do."""

from pathlib import Path

import pytest

from dev import asvs

LIST = "1.1.1 1 One thing |\n1.1.2 2 Another | - none here\n"


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["asvs", "--check"])
    assert asvs.main() == 0


def test_what_no_test_names_is_open(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    requirements = asvs.read_requirements(LIST)
    assert "| 1.1.1 | 1 | One thing | open |" in asvs.render_table(
        requirements, asvs.find_tests(tests)
    )
    (tests / "test_it.py").write_text(
        'import pytest\n@pytest.mark.asvs("1.1.1", "9.9.9")\ndef test_one() -> None: ...\n'
    )
    table = asvs.render_table(requirements, asvs.find_tests(tests))
    assert "| 1.1.1 | 1 | One thing | tested | `test_it.py::test_one` |" in table
    assert "Tests also hold 9.9.9 of level 3." in table


def test_a_test_of_what_does_not_apply_is_a_contradiction() -> None:
    with pytest.raises(asvs.ListError, match=r"1\.1\.2"):
        asvs.render_table(
            asvs.read_requirements(LIST), {"1.1.2": ["tests/test_it.py::test_one"]}
        )


@pytest.mark.parametrize(
    "text",
    [
        LIST + LIST,
        "1.1.1 4 Too high |\n",
        "1.1.1 1 No bar\n",
        "1.1.1 1 A | ? why\n",
    ],
)
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(asvs.ListError):
        asvs.read_requirements(text)


def test_the_list_is_whole() -> None:
    """Levels 1 and 2 of version 5.0.0: 70 and 183. Source: the standard, “What is the ASVS?”."""
    levels = [one.level for one in asvs.read_requirements(asvs.LIST.read_text())]
    assert (levels.count(1), levels.count(2)) == (70, 183)
