"""Pictures: what is decoded and kept, and the many files that only look like one."""

import io
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from markrin.api import images


def encoded(
    kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode != "P" else 1).save(out, kind, **options)
    return out.getvalue()


def decode(content: bytes, **limits: int) -> Image.Image:
    return images.decode_image(
        io.BytesIO(content),
        **{"max_bytes": 100_000, "max_pixels": 1_000_000, **limits},
    )


@pytest.mark.parametrize("kind", images.FORMATS)
def test_takes_each_format_and_keeps_its_pixels_only(kind: str) -> None:
    kept = images.encode_image(decode(encoded(kind)))
    again = Image.open(io.BytesIO(kept.content))
    assert (again.format, again.size, kept.width, kept.height, kept.extension) == (
        "WEBP",
        (40, 20),
        40,
        20,
        ".webp",
    )
    # a pixel of RGB has three parts
    red, green, blue = again.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > 60 > max(green, blue)


def test_turns_upright_and_drops_the_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[2] = (
        TiffImagePlugin.IFDRational(52),
        TiffImagePlugin.IFDRational(1),
        0,
    )
    kept = images.encode_image(
        decode(encoded("JPEG", exif=exif.tobytes(), comment=b"secret"))
    )
    again = Image.open(io.BytesIO(kept.content))
    assert again.size == (20, 40)
    assert not again.getexif()
    assert b"home" not in kept.content


def test_keeps_transparency() -> None:
    clear = Image.new("RGBA", (9, 9), (255, 0, 0, 128))
    out = io.BytesIO()
    clear.save(out, "PNG")
    kept = images.encode_image(decode(out.getvalue()))
    assert Image.open(io.BytesIO(kept.content)).mode == "RGBA"


def test_shrinks_but_never_enlarges() -> None:
    large = decode(encoded("PNG", size=(3000, 300)))
    assert (
        images.encode_image(large).width,
        images.encode_image(large).height,
    ) == (
        2400,
        240,
    )
    assert {
        name: made.width for name, made in images.make_thumbnails(large).items()
    } == {
        "200": 200,
        "400": 400,
        "800": 800,
        "1600": 1600,
    }
    assert images.make_thumbnails(decode(encoded("PNG")))["800"].width == 40


def chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
    )


def bomb(side: int) -> bytes:
    """Return a PNG whose header promises `side` by `side` pixels, from a few bytes."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def moving() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "format"),
        (SVG, "format"),
        (b"<?xml version='1.0'?>" + SVG, "format"),
        (b"GIF89a" + b"\0" * 50, "format"),
        (encoded("GIF"), "format"),
        (encoded("BMP"), "format"),
        (encoded("TIFF"), "format"),
        (encoded("ICO"), "format"),
        (b"%PDF-1.7", "format"),
        (b"\x89PNG\r\n\x1a\n", "format"),
        (b"\xff\xd8\xff", "format"),
        (encoded("PNG")[:-20], "ending"),
        (encoded("JPEG")[:-30], "format"),
        (encoded("WEBP")[:-10], "format"),
        (encoded("JPEG")[:200] + b"<script>", "format"),
        (b"<script>" + encoded("PNG"), "format"),
        (encoded("PNG") + b"PK\x03\x04evil.zip", "ending"),
        (encoded("JPEG") + b"<?php evil() ?>", "ending"),
        (encoded("WEBP") + b"x", "ending"),
        (moving(), "animated"),
        (bomb(1001), "too_many_pixels"),
        (bomb(20_000), "format"),  # beyond what Pillow itself opens
        (bomb(12_000), "format"),
        (b"\0" * 100_001, "too_large"),
    ],
)
def test_refuses(content: bytes, code: str) -> None:
    with pytest.raises(images.NotAPicture) as caught:
        decode(content)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", images.FORMATS)
def test_survives_any_damage(kind: str) -> None:
    whole = encoded(kind)
    for place in range(0, len(whole), max(1, len(whole) // 200)):
        damaged = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        for content in (damaged, whole[:place]):
            with suppress(
                images.NotAPicture
            ):  # nothing else: no error of Pillow's own
                assert decode(content).mode in ("RGB", "RGBA")


@pytest.mark.parametrize(
    "size", [(400, 1), (1, 400), (30_000, 1), (1, 30_000), (1, 1)]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.asvs("5.2.1")
def test_a_line_of_pixels_stays_one(kind: str, size: tuple[int, int]) -> None:
    """Its short side was rounded to nothing, and an upload of it answered 500."""
    picture = decode(encoded(kind, size))
    made = [images.encode_image(picture), *images.make_thumbnails(picture).values()]
    for each in made:
        assert min(each.width, each.height) == 1
        assert Image.open(io.BytesIO(each.content)).size == (
            each.width,
            each.height,
        )
    longest = [max(each.width, each.height) for each in made]
    # only of what is longer than 800 pixels is there one of 1,600
    sides = [images.MAX_SIDE, 200, 400, 800] + [1600] * (max(size) > 800)
    assert longest == [min(max(size), side) for side in sides]


MEASURE = """
import io, re, sys
from concurrent.futures import ThreadPoolExecutor
from markrin.api import images
content = open(sys.argv[1], "rb").read()
def most(_=0):
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
def decode(_):
    return images.decode_image(io.BytesIO(content), max_bytes=10**7, max_pixels=40_000_000).size
before, count = most(), int(sys.argv[2])
with ThreadPoolExecutor(count) as pool:
    assert set(pool.map(decode, range(count))) == {(2400, 2400)}
print(most() - before)
"""


@pytest.mark.asvs("5.2.1", "5.2.6")
@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "P"), ("JPEG", "RGB"), ("WEBP", "RGBA")]
)
def test_decoding_is_bounded_in_memory(
    kind: str, mode: str, tmp_path: Path
) -> None:
    """Of the largest pictures that are taken six at once cost what one costs, in megabytes."""
    file = tmp_path / "large"
    file.write_bytes(encoded(kind, (6320, 6320), mode))
    one, six = (int(_run(MEASURE, str(file), count)) for count in ("1", "6"))
    assert six < 700
    assert six < one + 150


def _run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout
