"""Stripe and Razorpay as real servers on loopback, for tests and for a developer's machine.

Written from the providers' documentation and the types of their official libraries, which are also
the clients of their tests. They keep everything in memory. `python -m tests.providers stripe` runs
one as a process of its own; `server.StandIn` explains the faults and the control calls.
"""
