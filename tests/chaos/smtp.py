"""A mail server that keeps what it is sent, and fails on demand; `Proxy` before it adds
down and hanging.
"""

import asyncio
import email
import email.policy
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, Literal, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Fault = Literal["", "4xx", "5xx", "cut after DATA", "slow"]


class Sink:
    """Keeps every mail it accepted, in order. `fault` says how it treats the next ones."""

    def __init__(self) -> None:
        self.fault: Fault = ""
        self.slow_s = 30.0
        self.mails: list[EmailMessage] = []
        self.tries = 0

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        self.tries += 1
        if self.fault == "4xx":
            return "451 4.3.0 try again later"
        if self.fault == "5xx":
            return f"550 5.1.1 <{address}> no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        fault = self.fault
        if fault == "slow":
            await asyncio.sleep(self.slow_s)
        content = cast("bytes", envelope.content)
        self.mails.append(
            email.message_from_bytes(content, policy=email.policy.default)
        )
        if fault == "cut after DATA":
            assert server.transport is not None
            server.transport.close()
        return "250 OK"

    def copies(self) -> Counter[str]:
        """Return how many copies of each mail arrived, by subject."""
        return Counter(str(mail["Subject"]) for mail in self.mails)

    def ids(self) -> dict[str, set[str]]:
        """Return the Message-IDs under which each mail arrived, by subject: one each,
        however many copies.
        """
        found: dict[str, set[str]] = {}
        for mail in self.mails:
            found.setdefault(str(mail["Subject"]), set()).add(
                str(mail["Message-ID"])
            )
        return found


class _Controller(Controller):
    """Serves at a socket that is bound already: nobody can take its port before."""

    def __init__(self, kept: Sink) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        port = self._door.getsockname()[1]
        super().__init__(
            kept,
            hostname="127.0.0.1",
            port=port,
            enable_SMTPUTF8=True,
            ready_timeout=60,
        )

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._door)

    def _trigger_server(self) -> None:
        with socket.create_connection(
            (self.hostname, self.port), 60
        ) as first:  # aiosmtpd itself waits a second
            first.recv(1024)


@contextmanager
def sink(kept: Sink | None = None) -> Iterator[tuple[Sink, int]]:
    """Run a mail server, of a kind of its own if it is given; give what it keeps, and its port."""
    kept = kept or Sink()
    controller = _Controller(kept)
    controller.start()
    try:
        yield kept, controller.port
    finally:
        controller.stop()
