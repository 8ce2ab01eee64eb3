"""Uploaded pictures: proved by decoding, and kept only as what we encoded ourselves,
without metadata.
"""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps, features

FORMATS = ("JPEG", "PNG", "WEBP", *(("AVIF",) if features.check("avif") else ()))
THUMBNAIL_SIDES = (200, 400, 800, 1600)  # pixels
MAX_SIDE = 2400  # pixels of what is kept
_QUALITY = 85
# All pictures are decoded by one thread: one at a time, and the memory that the C library
# keeps for a thread's next large block is kept once, not once for each thread of the
# process.
_DECODER = ThreadPoolExecutor(1, "pictures")
# Everything Pillow's decoders raise for bytes that are not what they claim to be.
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    TypeError,
    OverflowError,
    RuntimeError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class NotAPicture(Exception):
    """The file is refused; `code` and the text say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Encoded:
    """A picture as it is stored: its bytes, file extension with the dot, and size in pixels."""

    content: bytes
    extension: str
    width: int
    height: int


def decode_image(
    file: IO[bytes], *, max_bytes: int, max_pixels: int
) -> Image.Image:
    """Return the picture in `file`, upright, as RGB or RGBA, no side longer than MAX_SIDE.

    One is decoded at a time, and only its small form outlives that: 40 million pixels are
    160 MB, and each thread of a process could hold some.

    Raises:
        NotAPicture: it is no JPEG, PNG, WebP or AVIF, is cut off, has bytes after its end,
            moves, or is too large. The pixels are counted before any is decoded.
    """
    content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise NotAPicture(
            "too_large", f"The picture may have at most {max_bytes} bytes."
        )
    try:
        picture, kind = _DECODER.submit(_decode_small, content, max_pixels).result()
    except _UNREADABLE as exc:
        raise NotAPicture(
            "format", "This is not a whole JPEG, PNG, WebP or AVIF picture."
        ) from exc
    if not _ends_with_picture(content, kind):
        raise NotAPicture(
            "ending",
            "The file does not end where its picture does. Save the picture anew.",
        )
    return picture


def _decode_small(content: bytes, max_pixels: int) -> tuple[Image.Image, str]:
    """Return the small picture and the name of its format; nothing larger is left when it
    returns.
    """
    with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        if opened.width * opened.height > max_pixels:
            raise NotAPicture(
                "too_many_pixels",
                f"The picture may have at most {max_pixels} pixels.",
            )
        if opened.format != "MPO" and getattr(opened, "n_frames", 1) > 1:
            raise NotAPicture("animated", "The picture may not move.")
        # A JPEG can be decoded at a half or a quarter of its size, no smaller than what is kept.
        opened.draft(None, (MAX_SIDE, MAX_SIDE))
        kind, info = opened.format or "", opened.info
        clear = opened.mode in ("RGBA", "LA", "PA") or "transparency" in info
        picture: Image.Image = opened
        if opened.mode in (
            "P",
            "1",
            "I",
            "I;16",
            "F",
        ):  # of these colours cannot be mixed
            picture = opened.convert("RGBA" if clear else "RGB")
        _shrink(picture, MAX_SIDE)
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        return upright.convert("RGBA" if clear else "RGB"), kind


def _shrink(picture: Image.Image, max_side: int) -> None:
    """Make no side longer than `max_side` pixels and none shorter than one, in place."""
    picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)


def _ends_with_picture(content: bytes, kind: str) -> bool:
    """Whether the file ends with its picture: what lies behind it would make it a second,
    hidden file.
    """
    if kind in ("JPEG", "MPO"):
        return content.rstrip(b"\0\r\n").endswith(b"\xff\xd9")
    if kind == "PNG":
        return content.endswith(b"\0\0\0\0IEND\xaeB`\x82")
    if kind == "WEBP":
        return len(content) == int.from_bytes(content[4:8], "little") + 8
    return True  # AVIF's boxes cover the whole file, or its decoder refuses it


def encode_image(picture: Image.Image, *, max_side: int = MAX_SIDE) -> Encoded:
    """Return the picture as WebP, no side longer than `max_side` pixels, with nothing but
    its pixels.
    """
    small = picture.copy()
    _shrink(small, max_side)
    small.info.clear()
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return Encoded(out.getvalue(), ".webp", small.width, small.height)


def make_thumbnails(picture: Image.Image) -> dict[str, Encoded]:
    """Return the picture in each of THUMBNAIL_SIDES, keyed by its longest side in pixels;
    none is enlarged, and the largest is made only of pictures that the one before makes smaller.
    """
    usual, longest = THUMBNAIL_SIDES[-2], max(picture.size)
    sides = [side for side in THUMBNAIL_SIDES if side <= usual or longest > usual]
    return {str(side): encode_image(picture, max_side=side) for side in sides}
