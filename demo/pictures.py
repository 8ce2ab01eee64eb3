"""Draws the demo's pictures: a garment's outline in its colour on a soft ground, with a
little cloth to it.
"""

import io
import math
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.footwear import FOOTWEAR
from demo.sample_texts import COLOURS
from demo.shapes import CLOTHES, Box, Point, Shape

WIDTH, HEIGHT = 600, 800  # pixels
_SIZE = (WIDTH, HEIGHT)
_SCALE = 2  # outlines are drawn larger and reduced, for smooth edges
_GRID = (100, 133)  # the drawings' own units

Colour = tuple[int, int, int]
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

SHAPES = CLOTHES | FOOTWEAR
_NEVER_PATTERNED = {
    *FOOTWEAR,
    *("bag", "tote", "backpack", "weekender", "belt", "watch", "beanie"),
    *("glasses", "aviators", "wayfarers", "necklace", "jhumkas"),
}
# The shoe behind the other one: each moved by pixels. Seen from above both are drawn already.
_BEHIND = (22, -24)
_FROM_ABOVE = {"kolhapuri"}
_PALE: Colour = (240, 236, 228)


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
    cloth = _make_cloth(shade, rng, plain=picture in _NEVER_PATTERNED)
    poses = [pose]
    if picture in FOOTWEAR and picture not in _FROM_ABOVE and rng.random() < 0.6:
        (dx, dy), scale = _BEHIND, pose.scale * 0.9  # there is room for both
        poses = [
            replace(
                pose, scale=scale, dx=pose.dx + part * dx, dy=pose.dy + part * dy
            )
            for part in (1, -1)
        ]
    for each in poses:
        _paste_garment(drawn, shape, cloth, each, shade, rng)
    return drawn


def _paste_garment(
    drawn: Image.Image,
    shape: Shape,
    cloth: Image.Image,
    pose: "_Pose",
    shade: Colour,
    rng: Random,
) -> None:
    """Put a garment of this cloth into the picture, with its shadow, trims and seams."""
    mask, trim = pose.apply(_draw_mask(shape)), pose.apply(_draw_trims(shape))
    _cast_shadow(drawn, ImageChops.lighter(mask, trim), rng)
    drawn.paste(pose.apply(cloth), (0, 0), mask)
    dark = sum(shade) <= 240
    drawn.paste(
        _PALE if shape.pale_trims else _mix_color(shade, 1.7 if dark else 0.72),
        (0, 0, *_SIZE),
        trim,
    )
    drawn.paste(
        _mix_color(shade, 2.2 if dark else 0.6),
        (0, 0, *_SIZE),
        pose.apply(_draw_ink(shape)),
    )


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
            _SIZE, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
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
        weave = _make_weave(26).filter(ImageFilter.BoxBlur(1))
        drawn = ImageChops.multiply(
            drawn,
            Image.merge(
                "RGB", [weave.point(lambda value: 150 + value * 2 // 3)] * 3
            ),
        )
    elif kind == "side light":
        bright = Image.new("RGB", _SIZE, _mix_color(light, 1.12))
        drawn.paste(
            bright,
            (0, 0),
            _make_shading().transpose(Image.Transpose.FLIP_LEFT_RIGHT),
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
def _make_weave(roughness: int) -> Image.Image:
    """Return noise, made once in a process: it took a quarter of the drawing."""
    return Image.effect_noise(_SIZE, roughness)


@cache
def _make_shading() -> Image.Image:
    return (
        Image.linear_gradient("L")
        .rotate(90)
        .resize(_SIZE)
        .point([value // 3 for value in range(256)])
    )


def _scale_point(point: Point) -> Point:
    return point[0] * WIDTH * _SCALE / _GRID[0], point[1] * HEIGHT * _SCALE / _GRID[
        1
    ]


def _scale_box(box: Box) -> list[Point]:
    return [_scale_point(box[:2]), _scale_point(box[2:])]


@cache
def _draw_mask(shape: Shape) -> Image.Image:
    """Return where the garment is, drawn larger and reduced so that its edges are smooth."""
    mask = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    canvas = ImageDraw.Draw(mask)
    for outline in _list_outlines(shape, shape.outlines):
        canvas.polygon([_scale_point(point) for point in outline], fill=255)
        # Rounds the corners, as cloth is.
        canvas.line(
            [_scale_point(point) for point in (*outline, outline[0], outline[1])],
            fill=255,
            width=10 if shape.curved else 28,
            joint="curve",
        )
    for ellipse in shape.ellipses:
        canvas.ellipse(_scale_box(ellipse), fill=255)
    for hole in shape.holes:
        canvas.ellipse(_scale_box(hole), fill=0)
    return mask.reduce(_SCALE)


@cache
def _draw_trims(shape: Shape) -> Image.Image:
    """Return where soles, straps and the like are."""
    trims = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    canvas = ImageDraw.Draw(trims)
    for outline in _list_outlines(shape, shape.trims):
        canvas.polygon([_scale_point(point) for point in outline], fill=255)
    return trims.reduce(_SCALE)


def _list_outlines(
    shape: Shape, outlines: tuple[tuple[Point, ...], ...]
) -> list[tuple[Point, ...]]:
    return [_cut_corners(each) if shape.curved else each for each in outlines]


def _cut_corners(outline: tuple[Point, ...], times: int = 3) -> tuple[Point, ...]:
    """Return the closed outline with its corners cut round.

    Source: G. Chaikin, "An algorithm for high-speed curve generation", 1974."""
    for _ in range(times):
        pairs = zip(outline, (*outline[1:], outline[0]), strict=True)
        outline = tuple(
            (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)
            for a, b in pairs
            for part in (0.25, 0.75)
        )
    return outline


@cache
def _draw_ink(shape: Shape) -> Image.Image:
    """Return where seams, buttons and the like are."""
    ink = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    canvas = ImageDraw.Draw(ink)
    for line in shape.lines:
        canvas.line(
            [_scale_point(point) for point in line],
            fill=255,
            width=8,
            joint="curve",
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
    weave = _make_weave(rng.choice((4, 10, 22)))
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
        canvas.rectangle(
            (0, y, WIDTH, y + step // rng.choice((2, 3, 4))), fill=color
        )


def _draw_pinstripes(
    canvas: ImageDraw.ImageDraw, color: Colour, rng: Random
) -> None:
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
            (x, y + (x // step % 2) * step // 2)
            for x in range(0, WIDTH + step, step)
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
