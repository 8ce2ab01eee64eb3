"""The documents' tables of states are those of the code."""

from dev import order_states


def test_the_tables_of_states_are_those_of_the_code():
    text = order_states.PAGE.read_text()
    assert order_states.make_page(text) == text, "run python -m dev.order_states"
    assert "| a return that is | → requested |" in text
