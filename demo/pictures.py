"""Draws the demo's pictures: a garment's outline in its colour on a soft ground, with a
little cloth to it.
"""

import io
import math
from dataclasses import dataclass
from functools import cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.sample_texts import COLOURS

WIDTH, HEIGHT = 600, 800  # pixels
_SIZE = (WIDTH, HEIGHT)
_SCALE = 2  # outlines are drawn larger and reduced, for smooth edges
_GRID = (100, 133)  # the drawings' own units

Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]
# Above and below: a wall and what it fades to.
GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((244, 239, 232), (226, 218, 207)),
    ((236, 240, 243), (205, 214, 221)),
    ((243, 232, 228), (226, 203, 196)),
    ((234, 239, 226), (208, 216, 194)),
    ((250, 250, 249), (238, 238, 236)),
    ((226, 220, 232), (200, 190, 210)),
    ((222, 229, 232), (180, 194, 200)),
    ((240, 226, 198), (222, 200, 160)),
    ((198, 192, 186), (160, 152, 146)),
)


@dataclass(frozen=True)
class Shape:
    """A drawing on the grid: filled outlines, cut-outs that show the ground, and lines on top."""

    outlines: tuple[tuple[Point, ...], ...] = ()
    ellipses: tuple[Box, ...] = ()
    holes: tuple[Box, ...] = ()
    lines: tuple[tuple[Point, ...], ...] = ()
    dots: tuple[Point, ...] = ()


_NEVER_PATTERNED = {"shoe", "heel", "bag", "belt", "watch", "glasses", "necklace"}


def _make_shape(
    *,
    outlines: str = "",
    ellipses: str = "",
    holes: str = "",
    lines: str = "",
    dots: str = "",
) -> Shape:
    """Return a shape written as text: "x y, x y; x y …", a box as its left, top, right and
    bottom.
    """
    return Shape(
        outlines=tuple(_parse_points(part) for part in _split_parts(outlines)),
        ellipses=tuple(_parse_sides(part) for part in _split_parts(ellipses)),
        holes=tuple(_parse_sides(part) for part in _split_parts(holes)),
        lines=tuple(_parse_points(part) for part in _split_parts(lines)),
        dots=_parse_points(dots) if dots else (),
    )


def _split_parts(text: str) -> list[str]:
    return text.split(";") if text else []


def _parse_points(text: str) -> tuple[Point, ...]:
    pairs = (pair.split() for pair in text.split(","))
    return tuple((float(x), float(y)) for x, y in pairs)


def _parse_sides(text: str) -> Box:
    left, top, right, bottom = map(float, text.split())
    return left, top, right, bottom


SHAPES = {
    "tee": _make_shape(
        outlines=(
            "42 26, 30 30, 10 50, 20 62, 29 54, 28 108, 72 108, 71 54, "
            "80 62, 90 50, 70 30, 58 26"
        ),
        holes="41 19 59 33",
        lines="40 27, 44 33, 50 35, 56 33, 60 27",
    ),
    "shirt": _make_shape(
        outlines=(
            "42 22, 28 27, 14 60, 9 98, 20 101, 29 64, 28 112, 72 112, 71 64, 80 101, 91 "
            "98, 86 60, 72 27, 58 22"
        ),
        lines="42 22, 50 34, 58 22; 50 34, 50 112; 58 50, 68 50, 68 62, 58 62, 58 50",
        dots="52 42, 52 53, 52 64, 52 75, 52 86, 52 97",
    ),
    "jacket": _make_shape(
        outlines=(
            "42 22, 28 27, 14 60, 9 98, 20 101, 29 64, 28 112, 72 112, 71 64, 80 101, 91 "
            "98, 86 60, 72 27, 58 22"
        ),
        lines="42 22, 38 50, 50 70, 62 50, 58 22; 50 70, 50 112; 32 84, 43 80; 68 84, 57 80",
    ),
    "kurta": _make_shape(
        outlines=(
            "43 18, 30 23, 16 55, 12 84, 21 87, 31 56, 24 122, 76 122, "
            "69 56, 79 87, 88 84, 84 55, 70 23, 57 18"
        ),
        lines="43 18, 50 30, 57 18; 50 30, 50 56; 34 122, 35 100; 66 122, 65 100",
        dots="50 36, 50 44, 50 52",
    ),
    "trousers": _make_shape(
        outlines="30 16, 28 40, 25 118, 43 118, 49 52, 51 52, 57 118, 75 118, 72 40, 70 16",
        lines="30 23, 70 23; 50 23, 50 52; 31 26, 37 36; 69 26, 63 36",
    ),
    "shorts": _make_shape(
        outlines="28 30, 22 92, 46 94, 49 64, 51 64, 54 94, 78 92, 72 30",
        lines="28 38, 72 38; 50 38, 50 64",
    ),
    "dress": _make_shape(
        outlines="38 16, 35 30, 30 42, 37 62, 18 120, 82 120, 63 62, 70 42, 65 30, 62 16",
        holes="39 8 61 28",
        lines="37 62, 63 62; 45 64, 38 118; 55 64, 62 118",
    ),
    "top": _make_shape(
        outlines=(
            "38 24, 34 36, 22 52, 30 60, 33 56, 26 100, 74 100, 67 56, "
            "70 60, 78 52, 66 36, 62 24"
        ),
        holes="39 16 61 36",
        lines="33 66, 67 66",
    ),
    "skirt": _make_shape(
        outlines="34 30, 18 112, 82 112, 66 30",
        lines="34 37, 66 37; 42 38, 34 112; 50 38, 50 112; 58 38, 66 112",
    ),
    "saree": _make_shape(
        outlines="36 20, 58 18, 66 40, 60 56, 80 122, 22 122, 40 56, 30 42",
        lines="36 20, 50 40, 62 58, 74 122; 44 60, 34 122; 50 60, 44 122; 56 60, 54 122",
    ),
    "shoe": _make_shape(
        outlines=(
            "12 86, 14 58, 24 56, 30 62, 42 58, 58 72, 84 78, 90 88, 90 "
            "92, 12 92; 10 92, 92 92, 90 99, 12 99"
        ),
        lines="40 60, 34 72; 46 64, 41 75; 52 69, 48 78; 12 86, 34 86, 58 72",
    ),
    "heel": _make_shape(
        outlines="14 52, 24 50, 40 74, 66 92, 88 94, 90 99, 62 100, 30 74, 22 70, 20 104, 15 104",
        lines="24 52, 40 74, 66 92",
    ),
    "bag": _make_shape(
        outlines="24 52, 16 112, 84 112, 76 52",
        lines="36 52, 37 32, 44 24, 56 24, 63 32, 64 52; 20 66, 80 66",
        dots="50 70",
    ),
    "belt": _make_shape(
        outlines="8 60, 92 60, 92 72, 8 72",
        holes="12 62 24 70",
        lines="9 57, 27 57, 27 75, 9 75, 9 57",
        dots="60 66, 66 66, 72 66, 78 66, 84 66",
    ),
    "watch": _make_shape(
        outlines="41 14, 59 14, 60 46, 40 46; 40 84, 60 84, 59 118, 41 118",
        ellipses="28 43 72 87",
        lines="50 65, 50 51; 50 65, 60 69",
        dots="50 48, 50 82, 33 65, 67 65",
    ),
    "glasses": _make_shape(
        outlines="46 58, 54 58, 54 62, 46 62",
        ellipses="12 50 47 80; 53 50 88 80",
        lines="12 60, 4 54; 88 60, 96 54",
    ),
    "cap": _make_shape(
        outlines="22 82, 24 60, 36 46, 54 44, 70 54, 76 74, 96 84, 92 90, 60 84",
        lines="50 45, 48 80; 70 54, 62 82",
        dots="50 44",
    ),
    "scarf": _make_shape(
        outlines=(
            "38 22, 62 22, 66 40, 60 56, 66 116, 46 118, 48 60, 34 44; "
            "40 50, 50 56, 44 110, 28 106"
        ),
        lines="36 42, 50 54, 64 42",
    ),
    "necklace": _make_shape(
        ellipses="40 82 60 104",
        lines="24 22, 28 48, 38 70, 50 82, 62 70, 72 48, 76 22",
    ),
}


def draw_picture(picture: str, color: str, *, seed: int) -> Image.Image:
    """Return the picture of a garment in a colour, RGB, WIDTH by HEIGHT. The seed chooses
    the setting, how the garment lies in it, its light, and the cloth: no two look as if one hand
    had drawn both.
    """
    rng = Random(seed)
    shape, shade = SHAPES[picture], COLOURS[color][1:]
    drawn = _draw_setting(rng)
    pose = _Pose(
        angle=rng.uniform(-7, 7),
        scale=rng.uniform(0.82, 1.0),
        dx=rng.randint(-24, 24),
        dy=rng.randint(-16, 28),
    )
    mask, ink = pose.apply(_draw_mask(shape)), pose.apply(_draw_ink(shape))
    _cast_shadow(drawn, mask, rng)
    cloth = _make_cloth(shade, rng, plain=picture in _NEVER_PATTERNED)
    drawn.paste(pose.apply(cloth), (0, 0), mask)
    drawn.paste(
        _mix_color(shade, 0.6) if sum(shade) > 240 else _mix_color(shade, 2.2),
        (0, 0, *_SIZE),
        ink,
    )
    return drawn


@dataclass(frozen=True)
class _Pose:
    """How the garment lies in the picture: turned by degrees, reduced, moved by pixels."""

    angle: float
    scale: float
    dx: int
    dy: int

    def apply(self, image: Image.Image) -> Image.Image:
        """Return the image so; beyond its edges it is black, and cloth goes on."""
        turn, reduce = math.radians(self.angle), 1 / self.scale
        cos, sin = math.cos(turn) * reduce, math.sin(turn) * reduce
        x, y = WIDTH / 2 + self.dx, HEIGHT / 2 + self.dy
        matrix = (
            cos, sin, WIDTH / 2 - cos * x - sin * y,
            -sin, cos, HEIGHT / 2 + sin * x - cos * y,
        )  # fmt: skip
        return image.transform(
            _SIZE, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
        )


def _draw_setting(rng: Random) -> Image.Image:
    """Return what the garment lies on: a wall, a wall with a floor, a coloured arch, or linen."""
    number = rng.randrange(len(GROUNDS))
    drawn = _make_background(number).copy()
    canvas, (light, dark) = ImageDraw.Draw(drawn), GROUNDS[number]
    kind = rng.choice(("wall", "floor", "floor", "arch", "linen", "side light"))
    if kind == "floor":
        edge = rng.randint(590, 690)
        canvas.rectangle((0, edge, WIDTH, HEIGHT), fill=_mix_color(dark, 0.86))
        canvas.line((0, edge, WIDTH, edge), fill=_mix_color(dark, 0.78), width=3)
    elif kind == "arch":
        left, top = rng.randint(50, 90), rng.randint(60, 120)
        tone = _mix_color(dark, rng.choice((0.82, 0.9, 1.06)))
        canvas.ellipse((left, top, WIDTH - left, top + WIDTH - 2 * left), fill=tone)
        canvas.rectangle(
            (left, top + WIDTH / 2 - left, WIDTH - left, HEIGHT), fill=tone
        )
    elif kind == "linen":
        weave = Image.effect_noise(_SIZE, 26).filter(ImageFilter.BoxBlur(1))
        drawn = ImageChops.multiply(
            drawn,
            Image.merge("RGB", [weave.point(lambda value: 150 + value * 2 // 3)] * 3),
        )
    elif kind == "side light":
        bright = Image.new("RGB", _SIZE, _mix_color(light, 1.12))
        drawn.paste(
            bright, (0, 0), _make_shading().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        )
    return drawn


def _cast_shadow(drawn: Image.Image, mask: Image.Image, rng: Random) -> None:
    """Darken what is behind the garment, softly or hard, to one side."""
    blur, strength = rng.choice(((5, 0.5), (2, 0.35), (9, 0.6)))
    shadow = (
        mask.resize((WIDTH // 4, HEIGHT // 4))
        .filter(ImageFilter.GaussianBlur(blur))
        .resize(_SIZE)
        .point([int(value * strength) for value in range(256)])
    )
    drawn.paste(
        (104, 96, 90), (rng.choice((-18, -10, 12, 18)), rng.randint(8, 24)), shadow
    )


def crop_closer(drawn: Image.Image) -> Image.Image:
    """Return the middle of a picture, enlarged to the same size."""
    return drawn.resize(
        _SIZE, box=(WIDTH / 4, HEIGHT / 4, WIDTH * 3 / 4, HEIGHT * 3 / 4)
    )


@cache
def _make_background(number: int) -> Image.Image:
    top, bottom = (Image.new("RGB", _SIZE, color) for color in GROUNDS[number])
    return Image.composite(bottom, top, Image.linear_gradient("L").resize(_SIZE))


@cache
def _make_shading() -> Image.Image:
    return (
        Image.linear_gradient("L")
        .rotate(90)
        .resize(_SIZE)
        .point([value // 3 for value in range(256)])
    )


def _scale_point(point: Point) -> Point:
    return point[0] * WIDTH * _SCALE / _GRID[0], point[1] * HEIGHT * _SCALE / _GRID[1]


def _scale_box(box: Box) -> list[Point]:
    return [_scale_point(box[:2]), _scale_point(box[2:])]


@cache
def _draw_mask(shape: Shape) -> Image.Image:
    """Return where the garment is, drawn larger and reduced so that its edges are smooth."""
    mask = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    canvas = ImageDraw.Draw(mask)
    for outline in shape.outlines:
        canvas.polygon([_scale_point(point) for point in outline], fill=255)
        # Rounds the corners, as cloth is.
        canvas.line(
            [_scale_point(point) for point in (*outline, outline[0], outline[1])],
            fill=255,
            width=28,
            joint="curve",
        )
    for ellipse in shape.ellipses:
        canvas.ellipse(_scale_box(ellipse), fill=255)
    for hole in shape.holes:
        canvas.ellipse(_scale_box(hole), fill=0)
    return mask.reduce(_SCALE)


@cache
def _draw_ink(shape: Shape) -> Image.Image:
    """Return where seams, buttons and the like are."""
    ink = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    canvas = ImageDraw.Draw(ink)
    for line in shape.lines:
        canvas.line(
            [_scale_point(point) for point in line], fill=255, width=8, joint="curve"
        )
    for x, y in shape.dots:
        canvas.ellipse(_scale_box((x - 1, y - 1, x + 1, y + 1)), fill=255)
    return ink.reduce(_SCALE)


def _make_cloth(shade: Colour, rng: Random, *, plain: bool) -> Image.Image:
    """Return cloth: of one colour or patterned, with its weave, darker to one side."""
    cloth = Image.new("RGB", _SIZE, shade)
    canvas, second = (
        ImageDraw.Draw(cloth),
        _mix_color(shade, rng.choice((0.84, 0.7)) if sum(shade) > 240 else 1.5),
    )
    if not plain and rng.random() < 0.6:
        draw = rng.choice(_PATTERNS)
        draw(canvas, second, rng)
    weave = Image.effect_noise(_SIZE, rng.choice((4, 10, 22)))
    lightened = Image.merge(
        "RGB", [weave.point(lambda value: min(255, value + 120))] * 3
    )
    cloth = ImageChops.multiply(cloth, lightened)
    shading = _make_shading()
    if rng.random() < 0.5:
        shading = shading.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return Image.composite(
        Image.new("RGB", _SIZE, _mix_color(shade, 0.74)), cloth, shading
    )


def _draw_stripes(canvas: ImageDraw.ImageDraw, color: Colour, rng: Random) -> None:
    step = rng.choice((18, 44, 80))
    for y in range(0, HEIGHT, step):
        canvas.rectangle((0, y, WIDTH, y + step // rng.choice((2, 3, 4))), fill=color)


def _draw_pinstripes(canvas: ImageDraw.ImageDraw, color: Colour, rng: Random) -> None:
    step = rng.choice((14, 26, 40))
    for x in range(0, WIDTH, step):
        canvas.rectangle((x, 0, x + step // 8, HEIGHT), fill=color)


def _draw_checks(canvas: ImageDraw.ImageDraw, color: Colour, rng: Random) -> None:
    step = rng.choice((30, 44, 70))
    for y in range(0, HEIGHT, step):
        canvas.rectangle((0, y, WIDTH, y + step // 4), fill=color)
    for x in range(0, WIDTH, step):
        canvas.rectangle((x, 0, x + step // 7, HEIGHT), fill=color)


def _draw_spots(canvas: ImageDraw.ImageDraw, color: Colour, rng: Random) -> None:
    step, size = rng.choice(((34, 4), (22, 3), (60, 11)))
    for row, y in enumerate(range(0, HEIGHT, step)):
        for x in range(row % 2 * step // 2, WIDTH, step):
            canvas.ellipse((x - size, y - size, x + size, y + size), fill=color)


def _draw_leaves(canvas: ImageDraw.ImageDraw, color: Colour, rng: Random) -> None:
    for _ in range(150):
        x, y, size = rng.randrange(WIDTH), rng.randrange(HEIGHT), rng.randint(7, 20)
        start = rng.randrange(360)
        canvas.pieslice(
            (x - size, y - size, x + size, y + size), start, start + 70, fill=color
        )
        canvas.pieslice(
            (x - size, y - size, x + size, y + size),
            start + 180,
            start + 250,
            fill=color,
        )


def _draw_blocks(canvas: ImageDraw.ImageDraw, color: Colour, rng: Random) -> None:
    edge = rng.randint(300, 520)
    canvas.rectangle((0, edge, WIDTH, HEIGHT), fill=color)


def _draw_zigzags(canvas: ImageDraw.ImageDraw, color: Colour, rng: Random) -> None:
    step = rng.choice((26, 40))
    for y in range(0, HEIGHT + step, step):
        points = [
            (x, y + (x // step % 2) * step // 2) for x in range(0, WIDTH + step, step)
        ]
        canvas.line(points, fill=color, width=5, joint="curve")


_PATTERNS = (
    _draw_stripes,
    _draw_pinstripes,
    _draw_checks,
    _draw_spots,
    _draw_leaves,
    _draw_blocks,
    _draw_zigzags,
)


def _mix_color(color: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, round(part * factor)) for part in color)
    return red, green, blue


def render_picture(
    picture: str, color: str, *, seed: int, close: bool
) -> dict[str, dict[str, bytes]]:
    """Return the picture's `front`, and on request its `close`, as JPEG bytes by the
    longest side in pixels.
    """
    front = draw_picture(picture, color, seed=seed)
    return {"front": _make_sizes(front)} | (
        {"close": _make_sizes(crop_closer(front))} if close else {}
    )


def _make_sizes(drawn: Image.Image) -> dict[str, bytes]:
    """Return the picture in the sizes that markrin.api.images.THUMBNAIL_SIDES names, by exact
    halves, which is quick.
    """
    return {
        str(HEIGHT // part): _encode_jpeg(drawn.reduce(part) if part > 1 else drawn)
        for part in (4, 2, 1)
    }


def _encode_jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
