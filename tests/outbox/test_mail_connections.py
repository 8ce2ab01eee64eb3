"""Mails over a connection that is kept: how many connections the server sees, and what happens
where one does not last.
"""

import os
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from celery.signals import worker_process_shutdown
from django.core import mail

from markrin.mail import backends
from tests.chaos.proxy import Proxy, proxy
from tests.chaos.smtp import Sink, sink


class Server(Sink):
    """Says 421 when asked to, counts what it is sent beside mails, and takes only so many of one
    connection.
    """

    def __init__(self, *, pipelining: bool = False) -> None:
        super().__init__()
        self.pipelining = pipelining
        self.busy = self.unknown = ""
        self.resets = self.quits = 0
        self.at_most = 1000
        self._taken = Counter[int]()

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        more = ["250-PIPELINING"] if self.pipelining else []
        return [*responses[:-1], *more, responses[-1]]

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self.unknown and address.startswith(self.unknown):
            return "550 5.1.1 no such mailbox"
        return await super().handle_RCPT(
            server, session, envelope, address, options
        )

    async def handle_RSET(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.resets += 1
        return "250 OK"

    async def handle_QUIT(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.quits += 1
        return "221 Bye"

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        self._taken[id(server)] += 1
        if self.busy or self._taken[id(server)] > self.at_most:
            return self.busy or "421 4.4.2 no more mails in this session"
        envelope.mail_from = address
        return "250 OK"


@pytest.fixture(params=[False, True], ids=["one by one", "pipelining"])
def served(settings, request) -> Iterator[tuple[Server, Proxy]]:
    settings.EMAIL_BACKEND = "markrin.mail.backends.SMTPBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 2
    kept = Server(pipelining=request.param)
    with sink(kept) as (_, port), proxy(("127.0.0.1", port)) as front:
        settings.EMAIL_PORT = front.port
        yield kept, front
        backends.close_kept()


def send(number: int = 1) -> None:
    mail.EmailMessage(
        f"Mail {number}", "Hello", "shop@example.com", ["a@example.com"]
    ).send()


def subjects(kept: Server) -> list[str]:
    return [str(each["Subject"]) for each in kept.mails]


def test_mails_of_a_process_share_a_connection(served):
    kept, front = served
    for number in range(5):
        send(number)
    assert subjects(kept) == [f"Mail {number}" for number in range(5)]
    assert (front.met, kept.resets, kept.quits) == (1, 0, 0)


def test_a_connection_takes_so_many_mails_at_most(served, monkeypatch):
    kept, front = served
    monkeypatch.setattr(backends, "MAILS_PER_CONNECTION", 3)
    for number in range(7):
        send(number)
    assert len(kept.mails) == 7
    assert (front.met, kept.quits) == (3, 2)


def test_one_that_has_waited_too_long_is_not_used_but_closed(served, monkeypatch):
    kept, front = served
    monkeypatch.setattr(backends, "KEEP_S", 0.2)
    send(1)
    deadline = time.monotonic() + 10
    while not kept.quits and time.monotonic() < deadline:
        time.sleep(0.05)
    assert kept.quits == 1, "though no further mail comes"
    send(2)
    assert subjects(kept) == ["Mail 1", "Mail 2"]
    assert (front.met, kept.resets) == (2, 0)


def test_a_server_that_has_cut_it_gets_a_new_one(served):
    kept, front = served
    send(1)
    front.cut()
    send(2)
    assert subjects(kept) == ["Mail 1", "Mail 2"]
    assert front.met == 2


def test_a_server_that_was_stopped_and_started_between_two_mails(served):
    kept, front = served
    send(1)
    front.refuse()
    with pytest.raises(ConnectionRefusedError):
        send(2)
    front.heal()
    send(3)
    assert subjects(kept) == ["Mail 1", "Mail 3"]


def test_a_silent_connection_costs_little_and_a_new_one_is_opened(
    served, monkeypatch
):
    kept, front = served
    monkeypatch.setattr(backends, "PROOF_S", 0.3)
    send(1)
    front.stall()
    threading.Timer(0.1, front.heal).start()
    send(2)
    assert subjects(kept) == ["Mail 1", "Mail 2"]
    assert front.met == 2


@pytest.mark.parametrize("busy", ["421 4.3.2 going down", "451 4.4.2 timeout"])
def test_a_server_that_says_not_now_is_not_asked_again_over_it(served, busy):
    kept, front = served
    send(1)
    kept.busy = busy
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(2)
    assert front.met == 2, "a new one once, and no third"
    kept.busy = ""
    send(3)
    assert subjects(kept) == ["Mail 1", "Mail 3"]
    assert front.met == 3


def test_a_server_that_takes_two_mails_of_a_connection_gets_each_once(served):
    kept, front = served
    kept.at_most = 2
    for number in range(5):
        send(number)
    assert subjects(kept) == [f"Mail {number}" for number in range(5)]
    assert front.met == 3


def test_mails_that_are_sent_at_once_share_what_the_server_takes(served):
    kept, front = served
    kept.at_most = 2
    with mail.get_connection() as connection:
        connection.send_messages(
            [
                mail.EmailMessage(
                    f"Mail {number}", "", "s@example.com", ["a@example.com"]
                )
                for number in range(5)
            ]
        )
    assert subjects(kept) == [f"Mail {number}" for number in range(5)]
    assert front.met == 3


@pytest.mark.parametrize("fault", ["4xx", "5xx", "cut after DATA", "slow"])
def test_an_error_ends_the_connection_and_nothing_is_sent_again(served, fault):
    kept, front = served
    send(1)
    kept.fault, kept.slow_s = fault, 3
    with pytest.raises(smtplib.SMTPException):
        send(2)
    assert front.met == 1
    kept.fault = ""
    send(3)
    assert front.met == 2
    taken = ["Mail 2"] if fault == "cut after DATA" else []
    assert subjects(kept) == ["Mail 1", *taken, "Mail 3"]


def test_threads_do_not_share_one(served):
    kept, front = served
    together = threading.Barrier(4)

    def send_three(first: int) -> None:
        for number in range(first, first + 3):
            together.wait()
            send(number)

    threads = [
        threading.Thread(target=send_three, args=(10 * at,)) for at in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(Counter(subjects(kept)).values()) == {1}
    assert len(kept.mails) == 12
    assert front.met <= 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forks beside threads
def test_a_fork_leaves_the_parents_connection_alone(served):
    kept, front = served
    send(1)
    child = os.fork()
    if child == 0:
        try:
            send(2)
            backends.close_kept()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert (front.met, kept.quits) == (2, 1), "its own, and only its own ended"
    send(3)
    assert front.met == 2
    assert subjects(kept) == ["Mail 1", "Mail 2", "Mail 3"]


def test_a_worker_process_that_ends_says_goodbye(served):
    kept, _ = served
    send(1)
    worker_process_shutdown.send(sender=None, pid=1, exitcode=0)
    assert kept.quits == 1


def test_another_account_gets_a_connection_of_its_own(served, settings):
    _, front = served
    send(1)
    settings.EMAIL_TIMEOUT = 3
    send(2)
    assert front.met == 2


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """What goes to the server, as it goes there."""
    texts, send_text = [], smtplib.SMTP.send

    def note(self: smtplib.SMTP, text: str | bytes) -> None:
        texts.append(text if isinstance(text, str) else text.decode())
        send_text(self, text)

    monkeypatch.setattr(smtplib.SMTP, "send", note)
    return texts


def test_a_servers_pipeline_saves_two_round_trips(served, sent):
    kept, _ = served
    send(1)
    sent.clear()
    send(2)
    assert len(sent) == (2 if kept.pipelining else 4)
    commands = [line.lower() for line in "".join(sent[:-1]).splitlines()]
    assert [command.partition(":")[0] for command in commands] == [
        "mail from",
        "rcpt to",
        "data",
    ]
    assert subjects(kept) == ["Mail 1", "Mail 2"]


@pytest.mark.parametrize("waits", [False, True], ids=["refuses", "waits"])
def test_who_is_not_known_there_gets_nothing(served, monkeypatch, waits):
    """Some servers wait for the text of a mail that nobody is to get; an empty one would be sent
    by its last line.
    """
    kept, _ = served
    kept.unknown = "a@"
    if waits:
        monkeypatch.setattr(SMTP, "smtp_DATA", _wait_for_text)
    send_to = mail.EmailMessage(
        "Mail", "Hello", "shop@example.com", ["a@example.com"]
    )
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send_to.send()
    assert refused.value.recipients["a@example.com"][0] == 550
    kept.unknown = ""
    monkeypatch.undo()
    assert kept.mails == []


async def _wait_for_text(server: SMTP, arg: str) -> None:
    await server.push("354 go on")
    await server._reader.readline()


def test_who_is_known_there_gets_a_mail_that_others_do_not(served):
    kept, _ = served
    kept.unknown = "b@"
    both = ["a@example.com", "b@example.com"]
    mail.EmailMessage("Mail", "Hello", "shop@example.com", both).send()
    assert subjects(kept) == ["Mail"]
    kept.unknown = ""
    send(2)
    assert subjects(kept) == ["Mail", "Mail 2"]


def test_an_address_with_a_line_of_its_own_is_refused(served, sent):
    bad = mail.EmailMessage(
        "Mail",
        "Hello",
        "shop@example.com",
        ["a@example.com>\r\nRCPT TO:<b@example.com"],
    )
    with pytest.raises(ValueError, match=r"newline|Invalid address|prohibited"):
        bad.send()
    assert not any("b@example.com" in text for text in sent)
