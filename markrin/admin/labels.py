"""Labels that Django makes of fields' names, as people write them: `sku` is "SKU" and not "Sku",
`is_blocked` is "Blocked".
"""

from typing import Final

from django.apps import apps

ABBREVIATIONS: Final = frozenset(
    ["cod", "hs", "hsn", "id", "ip", "pdf", "seo", "sku", "url"]
)


def spell_labels() -> None:
    """Write abbreviations in capitals, and yes and no without "is", in what Django has made of the
    fields' names.

    A name that a model gives its field stays. Migrations know nothing of it, as they compare what
    the model says.
    """
    for model in apps.get_models():
        for field in model._meta.get_fields():
            made_of_name = getattr(field, "_verbose_name", "") is None
            if made_of_name:
                field.verbose_name = spell(str(field.verbose_name))  # type: ignore[union-attr]


def spell(label: str) -> str:
    """Return the label with its abbreviations in capitals, and without "is" before what is or is
    not so.
    """
    return " ".join(
        word.upper() if word in ABBREVIATIONS else word
        for word in label.removeprefix("is ").split(" ")
    )
