"""`manage.py doctor`: look at everything that the shop stands on, and say of each what to do.

A check is a function that yields findings; `checks.ALL` is their list. None may raise for
what it looks for: a server that does not answer is a finding."""
