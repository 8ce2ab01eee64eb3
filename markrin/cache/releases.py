"""Which release of the shop a kept answer belongs to.

What an answer says follows from the rows, whose changes drop it, but also from the code, the
shop's settings and the storefront's build. Another release therefore keeps its answers
apart: it shows nothing that an earlier one wrote, also while both run.
"""

import hashlib
from pathlib import Path

from django.conf import settings

_SETTINGS = (
    "SHOP_",
    "SHIPPING_",
    "TAX_",
    "RETURN_",
    "GUEST_",
    "ONLINE_",
    "MEDIA_",
    "RELEASE",
    "LANGUAGE_CODE",
)
_PUBLIC = ("STRIPE_PUBLIC_KEY", "RAZORPAY_KEY_ID")


def fingerprint() -> str:
    """Return a short name that changes with the release, the shop's settings, and the build
    in STOREFRONT_DIR. No secret goes into it.
    """
    named = sorted(
        name
        for name in dir(settings)
        if name.startswith(_SETTINGS) or name in _PUBLIC
    )
    stated = "\n".join(f"{name}={getattr(settings, name)!r}" for name in named)
    index = Path(settings.STOREFRONT_DIR) / "index.html"
    built = index.read_bytes() if index.is_file() else b""
    return hashlib.blake2b(stated.encode() + built, digest_size=6).hexdigest()
