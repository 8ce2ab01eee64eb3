"""Mails: two bodies from one template, sent safely to send twice, and what a server's
answer means for the job.
"""

import email
import email.message
import email.policy
import smtplib
from collections.abc import Iterator
from uuid import uuid4

import pytest
import requests
import structlog
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.core import mail as django_mail
from django.template import TemplateDoesNotExist

from markrin.mail import markup, sending
from markrin.mail.backends import FileBackend, write_message
from markrin.outbox import handlers, rows, services
from markrin.outbox.checks import OVER_SMTP
from markrin.outbox.models import OutboxEvent
from tests.chaos.proxy import Proxy, proxy
from tests.chaos.smtp import Sink, sink
from tests.outbox import jobs
from tests.services import free_port

ORDER = """Subject: Your order {{ number }}

# Thank you, {{ name }}

We have received your order
and will send it soon.

- Paid by card
- Delivery to {{ city }}

{% for line in lines %}
| {{ line.name }} | {{ line.total }} |
{% endfor %}
| Total | 1,249.00 |

[See your order]({{ shop_url }}/orders/{{ number }}?a=1&b=2)
"""


@pytest.fixture
def templates(tmp_path, settings):
    """Give a folder of the shop's own wording, which is looked in first."""
    settings.MAIL_TEMPLATES = [str(tmp_path), *settings.MAIL_TEMPLATES]
    markup._text_engine.cache_clear()
    (tmp_path / "order.mail").write_text(ORDER)
    yield tmp_path
    markup._text_engine.cache_clear()


def answered(status: int) -> AnymailAPIError:
    response = requests.Response()
    response.status_code, response.reason, response._content = (
        status,
        "as it is",
        b"{}",
    )
    return AnymailAPIError(status_code=status, response=response)


def context(**values):
    lines = [
        {"name": "2 × Kurta", "total": "1,199.00"},
        {"name": "Scarf", "total": "50.00"},
    ]
    return {
        "number": "M-1",
        "name": "Ann",
        "city": "Pune",
        "lines": lines,
        **values,
    }


def send(key="order:1", to="ann@example.com", **values):
    return sending.send_mail(
        template="order", to=to, context=context(**values), key=key
    )


def test_one_template_makes_text_and_html(templates, settings):
    settings.SHOP_URL = "https://shop.test"
    rendered = markup.render_template("order", context(name="Ann & Bo"))
    assert rendered.subject == "Your order M-1"
    assert rendered.text == (
        "Thank you, Ann & Bo\n===================\n\n"
        "We have received your order\nand will send it soon.\n\n"
        "- Paid by card\n- Delivery to Pune\n\n"
        "2 × Kurta  1,199.00\nScarf         50.00\nTotal      1,249.00\n\n"
        "See your order:\nhttps://shop.test/orders/M-1?a=1&b=2\n"
    )
    assert ">Thank you, Ann &amp; Bo</h1>" in rendered.html
    assert "<li>Delivery to Pune</li>" in rendered.html
    assert 'href="https://shop.test/orders/M-1?a=1&b=2"' in rendered.html
    assert rendered.html.count('<tr><td class="rule" style="padding:6px') == 3


@pytest.mark.asvs("1.1.2", "1.2.1", "1.3.5", "1.3.7", "1.3.11")
@pytest.mark.parametrize(
    "name",
    [
        "[Win](https://evil.example)",
        "# Big",
        "| a | b |",
        "- item",
        "<script>alert(1)</script>",
        "a\n[Win](https://evil.example)",
    ],
)
def test_a_value_is_never_markup(templates, name):
    (templates / "order.mail").write_text(
        "Subject: Hello {{ name }}\n\n{{ name }}\n\nBye.\n"
    )
    rendered = markup.render_template("order", {"name": name})
    assert "evil.example" not in rendered.html.replace(
        "[Win](https://evil.example)", ""
    )
    assert 'href="https://evil' not in rendered.html
    assert "<script>" not in rendered.html
    assert "<li>" not in rendered.html
    assert "<h1" not in rendered.html
    assert "\n" not in rendered.subject
    assert name.splitlines()[0] in rendered.text


def test_says_what_is_wrong_with_a_template(templates):
    with pytest.raises(TemplateDoesNotExist):
        markup.render_template("nothing", {})
    (templates / "order.mail").write_text("Hello\n")
    with pytest.raises(ValueError, match="must begin with a line Subject"):
        markup.render_template("order", {})
    (templates / "order.mail").write_text("Subject: x\n\n[See]({{ nowhere }})\n")
    with pytest.raises(ValueError, match="not a mail's button"):
        markup.render_template("order", {})


def test_the_language_is_the_customers(templates):
    (templates / "order.mail").write_text(
        "Subject: {% translate 'Yes' %}\n\nHello\n"
    )
    assert markup.render_template("order", {}, language="de").subject == "Ja"
    assert (
        '<html lang="de" dir="ltr">'
        in markup.render_template("order", {}, language="de").html
    )
    assert markup.render_template("order", {}).subject == "Yes"


def test_every_copy_has_the_same_id_and_the_request_can_be_found(
    templates, settings
):
    settings.MAIL_IDEMPOTENCY_HEADER = "Resend-Idempotency-Key"
    with structlog.contextvars.bound_contextvars(request_id="req-7"):
        results = [send(), send(), send(key="order:2")]
    first, again, other = django_mail.outbox
    headers = first.message()
    assert (
        headers["Message-ID"]
        == again.message()["Message-ID"]
        == results[0]["message_id"]
    )
    assert headers["Message-ID"].endswith(f"@{settings.MAIL_DOMAIN}>")
    assert other.message()["Message-ID"] != headers["Message-ID"]
    assert (
        headers["Resend-Idempotency-Key"]
        == again.message()["Resend-Idempotency-Key"]
        in results[0]["message_id"]
    )
    assert (headers["X-Request-ID"], headers["Auto-Submitted"]) == (
        "req-7",
        "auto-generated",
    )
    assert first.to == ["ann@example.com"]
    assert [part.get_content_type() for part in headers.walk()][1:] == [
        "text/plain",
        "text/html",
    ]


@pytest.mark.django_db
def test_nothing_is_sent_once_the_lease_is_gone(templates):
    services.add(jobs.Alone(uuid4()))
    row = OutboxEvent.objects.get()
    claimed = rows.claim_row(
        row.pk, task=row.task, time_limit_s=20, useless_after_s=None
    )
    token = handlers._current.set(claimed)
    try:
        send()
        OutboxEvent.objects.update(lease=uuid4())
        with pytest.raises(handlers.LeaseLost):
            send()
    finally:
        handlers._current.reset(token)
    assert len(django_mail.outbox) == 1


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (
            smtplib.SMTPRecipientsRefused({"a@b.c": (550, b"no")}),
            handlers.Permanent,
        ),
        (smtplib.SMTPRecipientsRefused({"a@b.c": (450, b"later")}), handlers.Retry),
        (smtplib.SMTPDataError(554, b"spam"), handlers.Permanent),
        (smtplib.SMTPDataError(452, b"full"), handlers.Retry),
        (smtplib.SMTPAuthenticationError(535, b"bad"), handlers.Misconfigured),
        (smtplib.SMTPAuthenticationError(454, b"later"), handlers.Retry),
        (smtplib.SMTPSenderRefused(530, b"sign in", "x"), handlers.Misconfigured),
        (smtplib.SMTPNotSupportedError("no STARTTLS"), handlers.Misconfigured),
        (smtplib.SMTPServerDisconnected("gone"), handlers.Unreachable),
        (smtplib.SMTPConnectError(421, b"busy"), handlers.Unreachable),
        (ConnectionRefusedError(), handlers.Unreachable),
        (TimeoutError(), handlers.Unreachable),
        (answered(401), handlers.Misconfigured),
        (answered(429), handlers.Retry),
        (answered(503), handlers.Retry),
        (answered(422), handlers.Permanent),
        (AnymailRecipientsRefused(), handlers.Permanent),
    ],
)
def test_what_an_error_means_for_the_job(error, verdict):
    assert type(sending._failure_verdict(error)) is verdict


def test_an_error_of_our_own_is_not_the_servers():
    assert sending._failure_verdict(KeyError("name")) is None


@pytest.fixture(params=OVER_SMTP)
def smtp(request, settings) -> Iterator[tuple[Sink, Proxy]]:
    settings.EMAIL_BACKEND = request.param
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 20
    with sink() as (kept, port), proxy(("127.0.0.1", port)) as front:
        settings.EMAIL_PORT = front.port
        yield kept, front


def test_a_real_server_gets_a_whole_mail(templates, smtp):
    kept, _ = smtp
    send(to="Ünal <unal@example.com>")
    (received,) = kept.mails
    assert received["Subject"] == "Your order M-1"
    assert [part.get_content_type() for part in received.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert "Kurta" in received.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ("4xx", handlers.Retry),
        ("5xx", handlers.Permanent),
        ("cut after DATA", handlers.Unreachable),
    ],
)
def test_a_real_servers_refusals(templates, smtp, fault, verdict):
    kept, _ = smtp
    kept.fault = fault
    with pytest.raises(Exception, match=r".") as caught:
        send()
    assert caught.type is verdict


@pytest.mark.parametrize("fault", ["refuse", "stall"])
def test_a_server_that_is_out_of_reach(templates, smtp, settings, fault):
    kept, front = smtp
    settings.EMAIL_TIMEOUT = 1
    getattr(front, fault)()
    with pytest.raises(handlers.Unreachable):
        send()
    assert kept.mails == []


def test_development_writes_a_file_per_mail(templates, settings, tmp_path):
    settings.MAIL_DIR = tmp_path / "mail"
    settings.EMAIL_BACKEND = "markrin.mail.backends.FileBackend"
    (templates / "order.mail").write_text(
        "Subject: Your order/{{ number }} ../x\n\nHello\n"
    )
    send(key="1")
    send(key="2", to="bo@example.com")
    files = sorted(settings.MAIL_DIR.iterdir())
    assert len(files) == 2
    assert files[0].name.endswith("-Your-order-M-1-x-ann@example.com.eml")
    read = email.message_from_bytes(
        files[1].read_bytes(), policy=email.policy.default
    )
    assert (read["To"], read["Subject"]) == (
        "bo@example.com",
        "Your order/M-1 ../x",
    )
    assert FileBackend().send_messages([]) == 0


@pytest.mark.parametrize("backend", OVER_SMTP)
def test_a_port_where_nobody_listens(templates, settings, backend):
    settings.EMAIL_BACKEND = backend
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with pytest.raises(handlers.Unreachable, match="ConnectionRefusedError"):
        send()


HEADERS = [
    "short",
    "",
    " begins and ends with blanks ",
    "a\ttab",
    "x" * (78 - len("X-Test: ")),
    "x" * (79 - len("X-Test: ")),
    "words " * 20 + "end",
    "Größe, für Ähnliche",
    "bar\x7fred",
    "<a@example.com>, <b@example.com>, " * 5 + "<c@example.com>",
]


@pytest.mark.parametrize("value", HEADERS)
def test_a_mail_is_written_as_the_framework_writes_it(value):
    message = django_mail.EmailMultiAlternatives(
        subject=value,
        body=f"From one line\nto {value}\n" + "long " * 300,
        from_email="Shöp <shop@example.com>",
        to=["Ann <ann@example.com>", "bo@example.com"],
        headers={"X-Test": value, "Message-ID": "<1@example.com>"},
    )
    message.attach_alternative(f"<p>{value}</p>", "text/html")
    message.attach("ä bill.pdf", b"%PDF", "application/pdf")
    made = message.message()
    assert write_message(made) == made.as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's own
    assert made["X-Test"] is not None


@pytest.mark.parametrize("value", ["two\n lines", "größe", "a\udce4b"])
def test_headers_that_are_not_the_frameworks_are_written_as_the_library_does(value):
    message = email.message.Message()
    message["X-Test"] = value
    written = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    assert write_message(message) == written
