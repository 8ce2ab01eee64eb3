"""The secrets that webhooks are signed with: made at random, kept encrypted.

A receiver needs the very secret, so a hash would not do. It is encrypted with a key that follows
from SECRET_KEY; those of SECRET_KEY_FALLBACKS still read it.
Source: Standard Webhooks specification 1.0, "Signature scheme".
"""

import base64
import secrets
from datetime import datetime
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from standardwebhooks import Webhook

_PREFIX: Final = "whsec_"
_BYTES: Final = 32  # the specification asks for 24 to 64


class SecretUnreadable(Exception):
    """It was encrypted with a SECRET_KEY that is not here any more."""


def make_secret() -> str:
    """Return a new secret, as receivers are given it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def encrypt_secret(secret: str) -> str:
    """Return it as it is kept."""
    return _box().encrypt(secret.encode()).decode()


def decrypt_secret(kept: str) -> str:
    """Return the secret. Raises: SecretUnreadable."""
    try:
        return _box().decrypt(kept.encode()).decode()
    except InvalidToken as exc:
        raise SecretUnreadable from exc


def sign(secrets_: list[str], *, message_id: str, at: datetime, body: str) -> str:
    """Return the header `webhook-signature`: one signature for each secret, the newest first."""
    return " ".join(
        Webhook(secret).sign(msg_id=message_id, timestamp=at, data=body)
        for secret in secrets_
    )


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(secret_key: str) -> bytes:
    derived = HKDF(
        algorithm=SHA256(), length=32, salt=None, info=b"markrin webhook secrets"
    ).derive(secret_key.encode())
    return base64.urlsafe_b64encode(derived)
