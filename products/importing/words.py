"""What files of many languages call sizes, colours and genders."""

import re
from typing import Final

SIZE: Final = frozenset(
    (
        *(
            "size",
            "sizes",
            "größe",
            "groesse",
            "grösse",
            "konfektionsgröße",
            "taille",
        ),
        *(
            "pointure",
            "talla",
            "tamaño",
            "tamano",
            "taglia",
            "misura",
            "maat",
            "tamanho",
        ),
        *("rozmiar", "velikost", "storlek", "størrelse", "koko", "beden", "размер"),
        *("サイズ", "尺码", "尺寸", "사이즈", "साइज़", "आकार", "المقاس", "مقاس"),
    )
)
COLOR: Final = frozenset(
    (
        *(
            "color",
            "colour",
            "colors",
            "colours",
            "farbe",
            "couleur",
            "coloris",
            "colore",
        ),
        *(
            "kleur",
            "cor",
            "kolor",
            "barva",
            "färg",
            "farve",
            "farge",
            "väri",
            "renk",
            "цвет",
        ),
        *("カラー", "色", "颜色", "顏色", "색상", "रंग", "اللون", "لون"),
    )
)
_GENDERS: Final = {
    "male": "men",
    "man": "men",
    "men": "men",
    "mens": "men",
    "gents": "men",
    "herren": "men",
    "homme": "men",
    "heren": "men",
    "female": "women",
    "woman": "women",
    "women": "women",
    "womens": "women",
    "ladies": "women",
    "damen": "women",
    "femme": "women",
    "dames": "women",
    "unisex": "unisex",
    "boy": "boys",
    "boys": "boys",
    "girl": "girls",
    "girls": "girls",
}


def find_gender(*texts: str) -> str | None:
    """Return for whom a product is by words in these texts, or None. Words for several mean
    everybody.
    """
    words = {
        word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())
    }
    found = {_GENDERS[word] for word in words if word in _GENDERS}
    if not found:
        return None
    return found.pop() if len(found) == 1 else "unisex"


def is_size(name: str) -> bool:
    """Return whether an option or attribute of this name is a size."""
    return name.strip().lower() in SIZE


def is_color(name: str) -> bool:
    """Return whether an option or attribute of this name is a colour."""
    return name.strip().lower() in COLOR
