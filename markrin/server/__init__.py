"""Between the web server and the shop: reads whole requests, hands them to threads, and
hands the answers back.

The web server (granian) has no time limit for the body of a request, and in its WSGI mode a
thread waits for each. Here an event loop reads the bodies and sends what is made while it is
sent, so a slow or silent client costs a connection and never a thread. What has no body goes
to a thread, or is answered from memory, without it. docs/operations.md has the limits."""
