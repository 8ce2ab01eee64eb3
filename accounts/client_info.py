"""The client of a request, as far as sign-in stores it: address, browser and request id."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import HttpRequest

from markrin.api import client_address, problems

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class ClientInfo:
    """Where a request came from."""

    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""

    @classmethod
    def from_request(cls, request: HttpRequest) -> ClientInfo:
        """Return the client of this request. Of the browser's name only 256 printable ASCII
        characters are kept.
        """
        agent = _UNPRINTABLE.sub("", request.META.get("HTTP_USER_AGENT", ""))[:256]
        return cls(
            client_address.get_client_address(request),
            agent,
            problems.request_id_of(request)[:64],
        )

    @property
    def network(self) -> str:
        """The network by which limits are counted."""
        return client_address.network_of(self.ip)

    @property
    def label(self) -> str:
        """A short name of the device for the list of sessions, such as "Firefox on Windows"."""
        agent = self.user_agent
        program = next((name for part, name in _PROGRAMS if part in agent), "")
        system = next((name for part, name in _SYSTEMS if part in agent), "")
        return (
            " on ".join(filter(None, (program, system)))
            or agent.partition(" ")[0][:80]
        )


# In this order: most browsers also name the ones below them.
_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
