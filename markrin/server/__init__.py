"""Between the web server and the shop: reads whole requests, hands them to threads, and
sends the answers.

The web server (granian) has no time limit for the body of a request, and in its WSGI mode a
thread waits for each. Here an event loop does all that depends on a client's speed, so a
slow or silent client costs a connection and never a thread. docs/operations.md has the
limits."""
