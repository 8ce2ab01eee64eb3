"""Proving, on a live database, that the data is what every rule says: `manage.py verify`.

An app states its rules in `invariants.py`; `constraints.py` here derives those that
PostgreSQL itself should hold."""
