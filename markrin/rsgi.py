"""The application that the web server (granian) serves: wsgi.py's, behind an event loop that
waits for slow clients.
"""

from typing import TYPE_CHECKING

from markrin import wsgi
from markrin.ops import serving
from markrin.server.responses import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def answer_from_memory(environ: "WSGIEnvironment") -> Response | None:
    """Return a catalogue's answer that is in this process's memory."""
    answer = wsgi.application.answer_from_memory(environ)
    return None if answer is None else Response(*answer)


application = serving.make_bridge(
    wsgi.application, answer_at_once=answer_from_memory
)
