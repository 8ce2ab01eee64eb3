"""A mail server that throws away what it takes, and lets a client send commands ahead, as those of
Postfix and of the providers do (RFC 2920).
"""

from aiosmtpd import handlers
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink(handlers.Sink):
    """The library's, which reads commands one after the other, however many have come."""

    async def handle_EHLO(  # noqa: N802 (the library calls it so)
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer PIPELINING."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]
