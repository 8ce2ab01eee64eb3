"""Where pictures are kept: a folder, or a bucket that speaks S3."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.files.storage import FileSystemStorage
from django.utils.encoding import filepath_to_uri

FORM = "s3://bucket/folder?endpoint=https://…&region=…&public=https://…"
# Relative, and of characters that stand for themselves in an address. Source: RFC 3986,
# section 2.3.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.~-][A-Za-z0-9_.~/-]*")
_KEYS = {"endpoint", "region", "public"}


class Folder(FileSystemStorage):
    """Django's folder of files, whose addresses are joined by hand.

    RFC 3986's way of joining, which Django takes, was a tenth of what a list's page costs: a
    product has sixteen addresses of pictures. Names are relative, so the answer is the same."""

    def url(self, name: str | None) -> str:
        """Return a file's address."""
        if name and _PLAIN_NAME.fullmatch(name):  # nothing to quote
            return self.base_url + name
        return self.base_url + (filepath_to_uri(name) or "").lstrip("/")


def describe_media_storage(url: str) -> dict[str, Any]:
    """Return Django's storage of the setting MEDIA_STORAGE: empty is the folder MEDIA_ROOT.

    `endpoint` is the server's address (none: Amazon's), `public` where browsers find the bucket
    (none: at the endpoint). Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from
    the machine's role. Addresses of pictures carry no signature: the bucket must be readable.

    Raises:
        ValueError: it is no such address.
    """
    if not url:
        return {"BACKEND": "markrin.media_storage.Folder"}
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme != "s3" or not parts.netloc or query.keys() - _KEYS:
        raise ValueError(f"MEDIA_STORAGE must be empty or {FORM}")
    options: dict[str, Any] = {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "querystring_auth": False,
        "file_overwrite": False,
        "default_acl": None,
        "object_parameters": {
            "CacheControl": "public, max-age=31536000, immutable"
        },
    }
    if endpoint := query.get("endpoint"):
        options |= {"endpoint_url": endpoint, "addressing_style": "path"}
    if region := query.get("region"):
        options["region_name"] = region
    if public := query.get("public"):
        found = urlsplit(public)
        options["custom_domain"] = f"{found.netloc}{found.path}".rstrip("/")
        options["url_protocol"] = f"{found.scheme}:"
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
