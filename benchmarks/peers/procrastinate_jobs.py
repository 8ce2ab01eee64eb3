"""The same three jobs for procrastinate, which keeps its jobs in PostgreSQL as the outbox does.

PROCRASTINATE_DSN says where, BENCH_MAIL_PORT where the mail server listens.
"""

import os
import smtplib
from email.message import EmailMessage

from procrastinate import App, PsycopgConnector

app = App(
    connector=PsycopgConnector(conninfo=os.environ.get("PROCRASTINATE_DSN", ""))
)


@app.task(name="nothing")
async def nothing(*, number: int) -> None:
    """Do nothing."""


@app.task(name="effect")
async def effect(*, number: int) -> None:
    """Write a row."""
    await app.connector.execute_query_async(
        "INSERT INTO bench_effect (number) VALUES (%(number)s)", number=number
    )


@app.task(name="mail")
def mail(*, number: int) -> None:
    """Send a mail."""
    message = EmailMessage()
    message["Subject"], message["From"] = f"Order {number}", "shop@example.com"
    message["To"] = "customer@example.com"
    message.set_content("Thank you.")
    port = int(os.environ["BENCH_MAIL_PORT"])
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.send_message(message)
