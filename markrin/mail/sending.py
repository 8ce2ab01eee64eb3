"""Mails: one template each, rendered to text and HTML at the moment of sending, and safe to
send twice.

A template is `templates/mail/<name>.mail`, a Django template whose lines are:

    Subject: Your order {{ order.number }}                the first line

    # Thank you, {{ name }}                               a heading
    We have received your order.                          a paragraph, up to a blank line
    - Delivery by Friday                                  a list
    | {{ line.name }} | {{ line.total }} |                a table's row, the last cell on the right
    [See your order]({{ shop_url }}/orders/{{ order.id }})    a button: https, alone on its line

Only the template's own lines are markup: a customer's name that looks like a button stays a name.

An app's handler, and the service that it calls (`order.email` is read now, and never stored
in the row):

    @outbox.handler(
        "orders.confirm_by_mail",
        queue="email",
        effect="outside",
        time_limit_s=60,
        max_attempts=11,
    )
    def confirm_by_mail(*, order_id: str, **later) -> dict[str, str]:
        return mails.mail_confirmation(order_id=UUID(order_id))

    def mail_confirmation(*, order_id: UUID) -> dict[str, str]:
        order = Order.objects.with_lines().get(pk=order_id)
        return sending.send_mail(
            template="order_placed",
            to=order.email,
            context={"order": order},
            key=f"orders.confirm_by_mail:{order.id}",
            language=order.language,
        )
"""

import hashlib
import smtplib
from collections.abc import Sequence

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from markrin.mail import markup
from markrin.outbox import handlers

log = structlog.get_logger(__name__)

# Authentication is missing, too weak or wrong. Source: RFC 4954 section 6.
NOT_LET_IN = (530, 534, 535, 538)


def send_mail(
    *,
    template: str,
    to: str,
    context: dict[str, object],
    key: str,
    language: str | None = None,
    attachments: Sequence[tuple[str, bytes, str]] = (),
) -> dict[str, str]:
    """Render and send one mail now, from an outbox handler of the queue `email`; return
    what its row should keep.

    The Message-ID follows from `key`, so a mail sent twice, which dying at the wrong moment
    can bring about, is seen as one by mail programs; and by the provider, if
    MAIL_IDEMPOTENCY_HEADER names its header.

    `attachments` are files: a name, the bytes, and their media type.

    Raises:
        LeaseLost: the job is another run's by now; nothing was sent.
        Permanent: the server refuses this mail or its recipient for good (5xx).
        Retry, Unreachable: it may work later: 4xx, or no connection.
        Misconfigured: the server does not let the shop in. The queue pauses.
    """
    rendered = markup.render_template(template, context, language=language)
    message_id = (
        f"<{hashlib.sha256(key.encode()).hexdigest()}@{settings.MAIL_DOMAIN}>"
    )
    message = EmailMultiAlternatives(
        rendered.subject,
        rendered.text,
        settings.MAIL_FROM,
        [to],
        headers=_mail_headers(message_id),
    )
    message.attach_alternative(rendered.html, "text/html")
    for name, content, media_type in attachments:
        message.attach(name, content, media_type)
    handlers.check_lease()
    try:
        message.send()
    except Exception as exc:
        if (verdict := _failure_verdict(exc)) is None:
            raise
        raise verdict from exc
    return {"message_id": message_id}


def _mail_headers(message_id: str) -> dict[str, str]:
    headers = {"Message-ID": message_id, "Auto-Submitted": "auto-generated"}
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        headers["X-Request-ID"] = str(request_id)
    if settings.MAIL_IDEMPOTENCY_HEADER:
        # The hash alone: what follows from the key, in 64 letters.
        headers[settings.MAIL_IDEMPOTENCY_HEADER] = message_id[1:65]
    return headers


def _failure_verdict(exc: Exception) -> Exception | None:
    """Return what the failure means for the job; None for one that is not the mail server's."""
    from anymail.exceptions import (
        AnymailError,
    )  # here: it loads requests, which nothing else needs

    reason = f"{type(exc).__name__}: {exc}"
    match exc:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in exc.recipients.values()]
            return (
                handlers.Permanent(reason)
                if min(codes, default=500) >= 500
                else handlers.Retry(reason)
            )
        case smtplib.SMTPNotSupportedError():
            return handlers.Misconfigured(reason)
        case smtplib.SMTPConnectError() | smtplib.SMTPServerDisconnected():
            return handlers.Unreachable(reason)
        case smtplib.SMTPResponseException():
            return _by_smtp_code(exc.smtp_code, reason)
        case AnymailError(status_code=int() as status):
            return _by_http_status(status, reason)
        case OSError():
            return handlers.Unreachable(reason)
        case AnymailError():
            return handlers.Permanent(reason)
    return None


def _by_smtp_code(code: int, reason: str) -> Exception:
    if code in NOT_LET_IN:
        return handlers.Misconfigured(reason)
    return handlers.Permanent(reason) if code >= 500 else handlers.Retry(reason)


def _by_http_status(status: int, reason: str) -> Exception:
    if status in (401, 403):
        return handlers.Misconfigured(reason)
    return (
        handlers.Retry(reason)
        if status >= 500 or status in (408, 429)
        else handlers.Permanent(reason)
    )
