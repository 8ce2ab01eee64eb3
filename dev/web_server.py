"""How the web server is started, for tests and benchmarks; docker-entrypoint.sh and Procfile say
the same (tests/deploy/test_entrypoint.py holds them together).
"""

# One event loop waits for all clients, so a connection costs little: `--backpressure` is how many
# there may be. HTTP/2 without TLS is what no front speaks, and it has no time limits.
SHOP_OPTIONS = [
    "--interface",
    "rsgi",
    "--no-ws",
    "--http",
    "1",
    "--http1-header-read-timeout",
    "10000",
    "--backpressure",
    "1000",
]
SHOP = "markrin.rsgi:application"
WSGI_OPTIONS = [
    "--interface",
    "wsgi",
    "--blocking-threads",
    "8",
    "--backpressure",
    "64",
]


def options_for(application: str) -> list[str]:
    """Return granian's options for an application of the shop's kind, or for a WSGI one."""
    return (
        SHOP_OPTIONS if application.endswith("rsgi:application") else WSGI_OPTIONS
    )
