"""Where mails go: to a mail server, over a connection that is kept for the next mail; or, in
development, into a file each, which any mail program opens.
"""

import atexit
import os
import re
import smtplib
import tempfile
import threading
import time
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.generator import BytesGenerator
from email.message import Message
from email.policy import Compat32
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from celery.signals import worker_process_shutdown
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address

# How long a connection waits for the next mail. A server waits for five minutes at least by RFC
# 5321, section 4.5.3.2.7, but is free to cut earlier, and Amazon SES asks for connections that are
# not kept long. Postfix keeps one to a busy server for 2 s.
KEEP_S = 10
# SES answers the 351st mail of a connection by 421; others allow a hundred.
MAILS_PER_CONNECTION = 100
PROOF_S = (
    2  # for the answer of a connection that was kept: longer, and it is a new one
)


class _Gone(Exception):
    """The server is not there any more, or takes no further mail over this connection. This one
    has not begun.
    """


class _Recorder(smtplib.SMTP):
    """Notes the commands that the library sends for a mail, and sends nothing."""

    def __init__(self, features: dict[str, str]) -> None:
        super().__init__(local_hostname="nobody")
        self.does_esmtp, self.esmtp_features = True, features
        self.commands: list[str] = []

    def ehlo_or_helo_if_needed(self) -> None:
        """Do nothing: the features are known."""

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Note it."""
        self.commands.append(f"{cmd} {args}" if args else cmd)

    def getreply(self) -> tuple[int, bytes]:
        """Agree."""
        return 250, b"OK"

    def data(self, msg: object) -> tuple[int, bytes]:
        """Note the command."""
        self.putcmd("data")
        return self.getreply()


class _Connection(smtplib.SMTP):
    """The library's, with two round trips a mail where the server lets a client send commands
    before it has read the replies to those before them, else four. Source: RFC 2920 (PIPELINING).

    It proves by its answer to a further mail's first command that the server is still there: a mail
    of a busy queue costs no more than its own commands.
    """

    used = False  # it has taken a mail
    _ahead: Sequence[
        str
    ] = ()  # commands that were sent, and whose replies are to come

    def sendmail(self, *args: Any, **options: Any) -> dict[str, tuple[int, bytes]]:
        """Do as the library does, with the commands up to DATA in one go.

        Raises: as the library does.
            _Gone: it has taken mails, and takes no further one.
        """
        self.ehlo_or_helo_if_needed()
        if self.has_extn("pipelining"):
            recorder = _Recorder(self.esmtp_features)
            recorder.sendmail(*args, **options)
            self._send_ahead(recorder.commands)
        return super().sendmail(*args, **options)

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, unless it was sent ahead."""
        command = f"{cmd} {args}" if args else cmd
        if self._ahead and self._ahead[0] == command:
            self._ahead = self._ahead[1:]
            return
        self._skip_ahead()
        super().putcmd(cmd, args)

    def close(self) -> None:
        """Forget the server: no reply is to come."""
        self._ahead = ()
        super().close()

    def _send_ahead(self, commands: Sequence[str]) -> None:
        lines = "".join(f"{command}\r\n" for command in commands)
        if not lines.isascii() or len(lines.splitlines()) != len(commands):
            return  # the library says what is wrong with an address
        try:
            self.send(lines)
        except smtplib.SMTPServerDisconnected as error:
            if self.used:
                raise _Gone from error
            raise
        self._ahead = commands

    def _skip_ahead(self) -> None:
        """Read the replies to what was sent ahead and is not wanted any more.

        Raises: SMTPServerDisconnected: the server waits for the mail's text, which is to be none.
        Whoever goes without its last line has sent nothing (RFC 5321, section 4.1.1.4).
        """
        while self._ahead:
            command, *self._ahead = self._ahead
            code, _ = self.getreply()
            if command == "data" and code == 354:
                self.close()
                raise smtplib.SMTPServerDisconnected("a mail was given up")

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Begin a mail.

        Raises:
            _Gone: it has taken mails, and takes no further one.
        """
        if not self.used:
            return super().mail(sender, options)
        if self.sock is None:
            raise _Gone
        timeout = self.sock.gettimeout()
        self.sock.settimeout(PROOF_S)
        try:
            code, text = super().mail(sender, options)
        except smtplib.SMTPServerDisconnected as error:
            raise _Gone from error
        # What is refused for now may be the connection's fault: some servers say to the next mail
        # that the last one was the last, by 421 (RFC 5321, section 3.8) or another code.
        if 400 <= code < 500:
            self.close()
            raise _Gone
        self.sock.settimeout(timeout)
        return code, text


class _TLSConnection(_Connection, smtplib.SMTP_SSL):
    """The same, encrypted from its first byte."""


@dataclass
class _Kept:
    """An open connection, to whom, how many mails it has taken, and when the last one (seconds of
    the monotonic clock).
    """

    connection: _Connection
    account: Hashable
    mails: int
    used_at: float


class _KeptConnections:
    """The connections of this process that wait for a mail. Whoever takes one has it alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Kept] = []
        self._tended = False

    def take(self, account: Hashable) -> _Kept | None:
        """Return the one to this account that was used last, or None."""
        oldest = time.monotonic() - KEEP_S
        with self._lock:
            for at in reversed(range(len(self._waiting))):
                kept = self._waiting[at]
                if kept.account == account and kept.used_at > oldest:
                    return self._waiting.pop(at)
        return None

    def give(self, kept: _Kept) -> None:
        """Let it wait for the next mail, for KEEP_S."""
        with self._lock:
            self._waiting.append(kept)
            if self._tended:
                return
            self._tended = True
        threading.Thread(target=self._tend, name="mail", daemon=True).start()

    def close(self, *, idle_s: float = 0) -> None:
        """Say goodbye to the servers of those that have waited so long."""
        until = time.monotonic() - idle_s
        with self._lock:
            idle = [kept for kept in self._waiting if kept.used_at <= until]
            self._waiting = [kept for kept in self._waiting if kept.used_at > until]
        for kept in idle:
            _quit(kept.connection)

    def forget(self) -> None:
        """Start empty after a fork: the connections are the parent's, who goes on using them."""
        inherited, self._waiting = self._waiting, []
        self._lock, self._tended = threading.Lock(), False
        for kept in inherited:
            kept.connection.close()  # this process's handle; the server is told nothing

    def _tend(self) -> None:
        while True:
            time.sleep(KEEP_S / 2)
            self.close(idle_s=KEEP_S)
            with self._lock:
                if not self._waiting:
                    self._tended = False
                    return


_connections = _KeptConnections()
# To parse a mail's two addresses takes a sixth of the processor time of the whole: a shop's own is
# in each, and so is a customer's in the mails of an order.
_sanitize = lru_cache(maxsize=1_000)(sanitize_address)
os.register_at_fork(after_in_child=_connections.forget)


@atexit.register  # a worker's processes end without it, but not without their signal
@worker_process_shutdown.connect
def close_kept(**_: object) -> None:
    """Close the connections that wait for a mail: the process ends."""
    _connections.close()


class SMTPBackend(smtp.EmailBackend):
    """Django's own, over a connection that the process has kept since its last mail.

    To open one takes up to ten round trips with TLS and a password. It is kept for KEEP_S and
    MAILS_PER_CONNECTION, given up for a new one if it does not take a mail's first command, and
    closed after any error: so what a failure means is what it means on a new connection."""

    connection: _Connection | None
    _mails = 0  # that the connection has taken, of this backend and others
    _sound = False  # the last mail was taken, and nothing has failed since

    @property
    def connection_class(self) -> type[_Connection]:
        return _TLSConnection if self.use_ssl else _Connection

    def open(self) -> bool | None:
        if self.connection is None and (kept := _connections.take(self._account())):
            self.connection, self._mails = kept.connection, kept.mails
            return True
        return super().open()

    def close(self) -> None:
        connection, mails = self.connection, self._mails
        if connection and self._sound and mails < MAILS_PER_CONNECTION:
            self.connection = None
            now = time.monotonic()
            _connections.give(_Kept(connection, self._account(), mails, now))
        else:
            super().close()
        self._sound, self._mails = False, 0

    def _send(self, email_message: EmailMessage) -> bool:
        self._sound = False
        recipients = email_message.recipients()
        if not recipients:
            return False
        encoding = email_message.encoding or settings.DEFAULT_CHARSET
        sender, *recipients = (
            _sanitize(each, str(encoding))
            for each in (email_message.from_email, *recipients)
        )
        try:
            self._hand_over(
                sender, recipients, write_message(email_message.message())
            )
        except smtplib.SMTPException:
            if not self.fail_silently:
                raise
            return False
        self._sound = True
        self._mails += 1
        return True

    def _hand_over(self, sender: str, recipients: list[str], text: bytes) -> None:
        try:
            self._connected().sendmail(sender, recipients, text)
        except _Gone:
            self.connection, self._mails = None, 0
            super().open()
            self._connected().sendmail(sender, recipients, text)
        self._connected().used = True

    def _connected(self) -> _Connection:
        if self.connection is None:  # a new one failed silently
            raise smtplib.SMTPServerDisconnected("there is no connection")
        return self.connection

    def _account(self) -> Hashable:
        return (
            *(self.host, self.port, self.username, self.password, self.timeout),
            *(self.use_tls, self.use_ssl, self.ssl_keyfile, self.ssl_certfile),
        )


class _Policy(Compat32):
    """The one that the library's messages have, which takes headers apart to fold them and puts
    them together again: a third of the processor time that a mail takes. Most need no folding.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return the header as it is sent, in lines of at most max_line_length."""
        line = f"{name}: {value}"
        is_plain = line.isascii() and line.isprintable()
        if is_plain and len(line) <= (self.max_line_length or 0):
            return f"{line}{self.linesep}".encode()
        return super().fold_binary(name, value)


_POLICY = _Policy(mangle_from_=False)


def write_message(message: Message) -> bytes:
    """Return a mail as it is sent: what Django's own `as_bytes` returns, sooner."""
    text = BytesIO()
    BytesGenerator(text, policy=_POLICY).flatten(message, linesep="\r\n")
    return text.getvalue()


def _quit(connection: smtplib.SMTP) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.settimeout(PROOF_S)
        connection.quit()
    connection.close()


class FileBackend(BaseEmailBackend):
    """Write each mail to a file of its own in MAIL_DIR, named by time (UTC), subject and recipient.

    A file appears whole or not at all, so that it can be read as soon as it is seen.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            self._write_file(message)
        return len(email_messages)

    def _write_file(self, message: EmailMessage) -> None:
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(message.message().as_bytes())
        time = datetime.now(UTC).strftime("%Y%m%d-%H%M%S.%f")
        words = (
            _subject_words(str(message.subject))[:60],
            _subject_words(",".join(message.recipients()), keep="@.,")[:80],
        )
        os.replace(draft, folder / f"{'-'.join([time, *words])}.eml")


def _subject_words(text: str, keep: str = "") -> str:
    return re.sub(rf"[^\w{re.escape(keep)}]+", "-", text).strip("-")
