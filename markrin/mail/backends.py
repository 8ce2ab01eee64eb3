"""Mail in development: a file each, which any mail program opens."""

import os
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


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
