"""The codes of gift cards: made at random, found by an HMAC, and kept encrypted, as they have to
be mailed.

The first of GIFT_CARD_KEYS is used for what is new, all of them for what is there already, so
that a key can be turned over (`manage.py rotate_gift_card_keys`).
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from markrin.api.errors import ShopError
from orders import errors

_LETTERS: Final = (
    "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are read for another
)
LENGTH: Final = 16  # of 32 letters: 80 bits
_GROUP: Final = 4


def make_code() -> str:
    """Return a new code of 80 random bits, such as ABCD-EFGH-JKLM-NPQR."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
    return "-".join(
        letters[start : start + _GROUP] for start in range(0, LENGTH, _GROUP)
    )


def list_hashes(code: str) -> list[str]:
    """Return the HMAC-SHA-256 of a code under each key, that of the first key first. Hyphens do
    not count.
    """
    plain = code.replace("-", "").encode()
    return [
        hmac.new(_derive(key, "find"), plain, hashlib.sha256).hexdigest()
        for key in settings.GIFT_CARD_KEYS
    ]


def encrypt(code: str) -> str:
    """Return the code encrypted with the first key (Fernet)."""
    return _box().encrypt(code.encode()).decode()


def decrypt(kept: str) -> str:
    """Return the code.

    Raises:
        GiftCardUnreadable: it was encrypted with a key that is not in GIFT_CARD_KEYS any more.
    """
    try:
        return _box().decrypt(kept.encode()).decode()
    except InvalidToken as exc:
        raise errors.GiftCardUnreadable from exc


def _box() -> MultiFernet:
    keys = (_derive(key, "keep") for key in settings.GIFT_CARD_KEYS)
    boxes = [Fernet(base64.urlsafe_b64encode(key)) for key in keys]
    if not boxes:
        raise ShopError("GIFT_CARD_KEYS is empty.")
    return MultiFernet(boxes)


def _derive(key: str, purpose: str) -> bytes:
    """Return 32 bytes for one purpose: the HMAC's key is not the cipher's."""
    return hmac.new(
        key.encode(), f"gift cards: {purpose}".encode(), hashlib.sha256
    ).digest()
