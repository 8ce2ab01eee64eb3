"""The outlines that the demo's pictures are drawn from, on a grid of 100 by 133."""

from dataclasses import dataclass

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Shape:
    """A drawing on the grid: filled outlines, cut-outs that show the ground, and on top of them
    trims, which are filled in another tone, and lines.
    """

    outlines: tuple[tuple[Point, ...], ...] = ()
    ellipses: tuple[Box, ...] = ()
    holes: tuple[Box, ...] = ()
    lines: tuple[tuple[Point, ...], ...] = ()
    dots: tuple[Point, ...] = ()
    trims: tuple[tuple[Point, ...], ...] = ()
    pale_trims: bool = (
        False  # as a sneaker's sole; else they are darker than the rest
    )
    curved: bool = False  # corners are cut round; one that is said twice stays


def make_shape(
    *,
    outlines: str = "",
    ellipses: str = "",
    holes: str = "",
    lines: str = "",
    dots: str = "",
    trims: str = "",
    pale_trims: bool = False,
    curved: bool = False,
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
        trims=tuple(_parse_points(part) for part in _split_parts(trims)),
        pale_trims=pale_trims,
        curved=curved,
    )


def _split_parts(text: str) -> list[str]:
    return text.split(";") if text else []


def _parse_points(text: str) -> tuple[Point, ...]:
    pairs = (pair.split() for pair in text.split(","))
    return tuple((float(x), float(y)) for x, y in pairs)


def _parse_sides(text: str) -> Box:
    left, top, right, bottom = map(float, text.split())
    return left, top, right, bottom


CLOTHES = {
    "tee": make_shape(
        outlines=(
            "42 26, 30 30, 10 50, 20 62, 29 54, 28 108, 72 108, 71 54, "
            "80 62, 90 50, 70 30, 58 26"
        ),
        holes="41 19 59 33",
        lines="40 27, 44 33, 50 35, 56 33, 60 27",
    ),
    "shirt": make_shape(
        outlines=(
            "42 22, 28 27, 14 60, 9 98, 20 101, 29 64, 28 112, 72 112, 71 64, 80 101, 91 "
            "98, 86 60, 72 27, 58 22"
        ),
        lines="42 22, 50 34, 58 22; 50 34, 50 112; 58 50, 68 50, 68 62, 58 62, 58 50",
        dots="52 42, 52 53, 52 64, 52 75, 52 86, 52 97",
    ),
    "jacket": make_shape(
        outlines=(
            "42 22, 28 27, 14 60, 9 98, 20 101, 29 64, 28 112, 72 112, 71 64, 80 101, 91 "
            "98, 86 60, 72 27, 58 22"
        ),
        lines="42 22, 38 50, 50 70, 62 50, 58 22; 50 70, 50 112; 32 84, 43 80; 68 84, 57 80",
    ),
    "kurta": make_shape(
        outlines=(
            "43 18, 30 23, 16 55, 12 84, 21 87, 31 56, 24 122, 76 122, "
            "69 56, 79 87, 88 84, 84 55, 70 23, 57 18"
        ),
        lines="43 18, 50 30, 57 18; 50 30, 50 56; 34 122, 35 100; 66 122, 65 100",
        dots="50 36, 50 44, 50 52",
    ),
    "trousers": make_shape(
        outlines="30 16, 28 40, 25 118, 43 118, 49 52, 51 52, 57 118, 75 118, 72 40, 70 16",
        lines="30 23, 70 23; 50 23, 50 52; 31 26, 37 36; 69 26, 63 36",
    ),
    "shorts": make_shape(
        outlines="28 30, 22 92, 46 94, 49 64, 51 64, 54 94, 78 92, 72 30",
        lines="28 38, 72 38; 50 38, 50 64",
    ),
    "dress": make_shape(
        outlines="38 16, 35 30, 30 42, 37 62, 18 120, 82 120, 63 62, 70 42, 65 30, 62 16",
        holes="39 8 61 28",
        lines="37 62, 63 62; 45 64, 38 118; 55 64, 62 118",
    ),
    "top": make_shape(
        outlines=(
            "38 24, 34 36, 22 52, 30 60, 33 56, 26 100, 74 100, 67 56, "
            "70 60, 78 52, 66 36, 62 24"
        ),
        holes="39 16 61 36",
        lines="33 66, 67 66",
    ),
    "skirt": make_shape(
        outlines="34 30, 18 112, 82 112, 66 30",
        lines="34 37, 66 37; 42 38, 34 112; 50 38, 50 112; 58 38, 66 112",
    ),
    "saree": make_shape(
        outlines="36 20, 58 18, 66 40, 60 56, 80 122, 22 122, 40 56, 30 42",
        lines="36 20, 50 40, 62 58, 74 122; 44 60, 34 122; 50 60, 44 122; 56 60, 54 122",
    ),
    "bag": make_shape(
        outlines="24 52, 16 112, 84 112, 76 52",
        lines="36 52, 37 32, 44 24, 56 24, 63 32, 64 52; 20 66, 80 66",
        dots="50 70",
    ),
    "belt": make_shape(
        outlines="8 60, 92 60, 92 72, 8 72",
        holes="12 62 24 70",
        lines="9 57, 27 57, 27 75, 9 75, 9 57",
        dots="60 66, 66 66, 72 66, 78 66, 84 66",
    ),
    "watch": make_shape(
        outlines="41 14, 59 14, 60 46, 40 46; 40 84, 60 84, 59 118, 41 118",
        ellipses="28 43 72 87",
        lines="50 65, 50 51; 50 65, 60 69",
        dots="50 48, 50 82, 33 65, 67 65",
    ),
    "glasses": make_shape(
        outlines="46 58, 54 58, 54 62, 46 62",
        ellipses="12 50 47 80; 53 50 88 80",
        lines="12 60, 4 54; 88 60, 96 54",
    ),
    "cap": make_shape(
        outlines="22 82, 24 60, 36 46, 54 44, 70 54, 76 74, 96 84, 92 90, 60 84",
        lines="50 45, 48 80; 70 54, 62 82",
        dots="50 44",
    ),
    "scarf": make_shape(
        outlines=(
            "38 22, 62 22, 66 40, 60 56, 66 116, 46 118, 48 60, 34 44; "
            "40 50, 50 56, 44 110, 28 106"
        ),
        lines="36 42, 50 54, 64 42",
    ),
    "necklace": make_shape(
        ellipses="40 82 60 104",
        lines="24 22, 28 48, 38 70, 50 82, 62 70, 72 48, 76 22",
    ),
    "polo": make_shape(
        outlines=(
            "42 26, 30 30, 12 52, 23 63, 30 56, 28 108, 72 108, 70 56, "
            "77 63, 88 52, 70 30, 58 26"
        ),
        trims="40 24, 50 30, 44 40, 36 30; 60 24, 50 30, 56 40, 64 30; 12 52, 23 63, 25 61, 14 50; "
        "88 52, 77 63, 75 61, 86 50",
        lines="50 30, 50 54; 46 32, 46 54, 54 54, 54 32",
        dots="50 38, 50 46",
    ),
    "henley": make_shape(
        outlines=(
            "42 24, 29 28, 14 62, 10 96, 20 99, 30 60, 29 110, 71 110, 70 60, "
            "80 99, 90 96, 86 62, 71 28, 58 24"
        ),
        holes="41 17 59 31",
        lines="40 25, 44 31, 50 33, 56 31, 60 25; 46 33, 46 54, 54 54, 54 33",
        dots="50 38, 50 44, 50 50",
    ),
    "puffer": make_shape(
        outlines=(
            "40 18, 26 26, 12 60, 8 96, 21 100, 29 66, 27 110, 73 110, 71 66, 79 100, 92 96, "
            "88 60, 74 26, 60 18"
        ),
        lines=(
            "50 22, 50 110; 29 40, 71 40; 27 54, 73 54; 28 68, 72 68; 28 82, 72 82; "
            "28 96, 72 96; 14 60, 29 64; 11 78, 25 82; 86 60, 71 64; 89 78, 75 82"
        ),
    ),
    "slip_dress": make_shape(
        outlines="36 40, 33 56, 35 70, 28 122, 72 122, 65 70, 67 56, 64 40, 57 46, 50 52, 43 46",
        lines="37 42, 41 16; 63 42, 59 16; 35 70, 50 74, 65 70; 42 80, 40 120",
    ),
    "shirt_dress": make_shape(
        outlines=(
            "42 16, 29 21, 17 46, 25 54, 33 44, 35 64, 24 120, 76 120, 65 64, 67 44, 75 54, "
            "83 46, 71 21, 58 16"
        ),
        trims="34 62, 66 62, 67 67, 33 67",
        lines="42 16, 50 27, 58 16; 50 27, 50 120; 36 76, 44 78; 64 76, 56 78",
        dots="52 36, 52 46, 52 56, 52 76, 52 88, 52 100",
    ),
    "maxi_dress": make_shape(
        outlines=(
            "37 14, 33 26, 37 48, 26 72, 17 98, 8 124, 92 124, 83 98, 74 72, 63 48, 67 26, "
            "63 14"
        ),
        holes="40 6 60 26",
        lines="37 48, 63 48; 27 72, 73 72; 18 98, 82 98; 44 50, 40 70; 56 50, 60 70; 36 74, 30 96; "
        "64 74, 70 96; 50 74, 50 96",
    ),
    "camisole": make_shape(
        outlines="34 42, 31 58, 28 102, 72 102, 69 58, 66 42, 58 50, 50 54, 42 50",
        lines="35 44, 40 18; 65 44, 60 18; 30 60, 50 66, 70 60; 28 96, 72 96",
    ),
    "wide_trousers": make_shape(
        outlines="33 14, 31 34, 16 120, 46 120, 50 52, 54 120, 84 120, 69 34, 67 14",
        lines="33 21, 67 21; 50 21, 50 52; 40 24, 34 116; 60 24, 66 116",
    ),
    "pencil_skirt": make_shape(
        outlines="35 22, 28 50, 32 116, 68 116, 72 50, 65 22",
        lines="34 29, 66 29; 50 84, 50 116; 42 30, 40 46; 58 30, 60 46",
    ),
    "tote": make_shape(
        outlines="22 50, 26 114, 74 114, 78 50",
        lines=(
            "35 52, 36 20, 42 16, 42 16, 46 20, 46 52; 54 52, 54 20, 58 16, 64 20, 65 52; "
            "23 58, 77 58"
        ),
        dots="40 56, 60 56",
    ),
    "backpack": make_shape(
        outlines=(
            "26 112, 22 70, 26 46, 38 34, 62 34, 74 46, 78 70, 74 112; "
            "14 104, 16 78, 24 76, 24 104; 86 104, 84 78, 76 76, 76 104"
        ),
        trims="32 80, 68 80, 69 108, 31 108",
        lines="42 34, 42 24, 58 24, 58 34; 28 58, 40 52, 60 52, 72 58; 32 86, 68 86",
        dots="50 90",
    ),
    "weekender": make_shape(
        outlines="12 62, 10 104, 18 108, 82 108, 90 104, 88 62, 76 54, 24 54",
        trims="28 54, 34 54, 34 108, 28 108; 66 54, 72 54, 72 108, 66 108",
        lines="31 54, 34 32, 42 27, 58 27, 66 32, 69 54; 16 60, 84 60; 12 84, 22 84; 88 84, 78 84",
    ),
    "bucket_hat": make_shape(
        outlines="36 40, 30 70, 10 88, 24 94, 50 96, 76 94, 90 88, 70 70, 64 40, 50 37",
        lines="30 70, 50 74, 70 70; 22 80, 50 85, 78 80; 16 86, 50 91, 84 86",
        dots="42 58, 46 58",
    ),
    "beanie": make_shape(
        outlines="24 84, 26 62, 34 46, 50 40, 66 46, 74 62, 76 84",
        ellipses="42 26 58 44",
        trims="21 80, 79 80, 79 97, 21 97",
        lines="30 82, 30 95; 40 82, 40 95; 50 82, 50 95; 60 82, 60 95; 70 82, 70 95; 38 50, 36 78; "
        "50 46, 50 78; 62 50, 64 78",
    ),
    "aviators": make_shape(
        outlines=(
            "10 54, 40 52, 46 58, 44 74, 34 86, 22 84, 12 72; "
            "90 54, 60 52, 54 58, 56 74, 66 86, 78 84, 88 72"
        ),
        lines="44 52, 56 52; 44 60, 50 57, 56 60; 10 54, 3 48; 90 54, 97 48",
        curved=True,
    ),
    "wayfarers": make_shape(
        outlines=(
            "8 50, 8 50, 46 52, 46 60, 42 76, 32 82, 20 80, 12 70; "
            "92 50, 92 50, 54 52, 54 60, 58 76, 68 82, 80 80, 88 70; 44 53, 56 53, 56 58, 44 58"
        ),
        lines="8 52, 2 46; 92 52, 98 46; 18 60, 34 58; 66 58, 82 60",
    ),
    "jhumkas": make_shape(
        outlines=(
            "20 78, 23 64, 30 58, 37 64, 40 78; 60 78, 63 64, 70 58, 77 64, 80 78"
        ),
        ellipses="25 34 35 44; 65 34 75 44; 21 80 25 87; 28 81 32 89; 35 80 39 87; 61 80 65 87; "
        "68 81 72 89; 75 80 79 87",
        lines="30 44, 30 58; 70 44, 70 58; 21 74, 39 74; 61 74, 79 74; 30 34, 30 26, 33 23; "
        "70 34, 70 26, 73 23",
        dots="30 39, 70 39, 30 68, 70 68",
    ),
}
