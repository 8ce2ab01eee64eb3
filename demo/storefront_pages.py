"""The pages that the demo shop's staff have written."""

from storefront.models import Page, PageKind

# slug, kind, title, body
_PAGES = (
    (
        "home",
        PageKind.HOME,
        "Clothes for a slower wardrobe",
        "Good cloth, honest cuts, and sizes that tell you the truth.",
    ),
    (
        "delivery",
        PageKind.HELP,
        "Delivery",
        """We pack on working days and hand over to the courier the next morning.

## How long it takes

| to | working days |
| --- | --- |
| large cities | 2 to 3 |
| the rest of India | 3 to 6 |
| abroad | 7 to 12 |

You get an e-mail with a tracking link when the parcel leaves.""",
    ),
    (
        "returns",
        PageKind.HELP,
        "Returns and exchanges",
        """You can send anything back within **30 days** of its arrival, unworn and with its tags.

1. Open your order and ask for the return.
2. Pack the pieces as they came.
3. The courier picks them up at your door.

The money goes back the way that you paid, within five days of the parcel's arrival.""",
    ),
    (
        "contact",
        PageKind.HELP,
        "Contact",
        """Write to [hello@markrin.example](mailto:hello@markrin.example), or call +91 80 4000 1234,
Monday to Saturday from 10 to 18 o'clock.

We answer within a working day.""",
    ),
    (
        "terms",
        PageKind.LEGAL,
        "Terms of sale",
        """This is a demo shop. Nothing is sold here, and no order is ever sent.

## Prices

All prices contain the tax.

## Withdrawal

A shop of your own states here what the law of its country wants.""",
    ),
    (
        "privacy",
        PageKind.LEGAL,
        "Privacy",
        """We keep what an order needs, and nothing besides.

- You can take along all that we know about you, and have it deleted, in your account.
- The pages load nothing from other companies, and set no cookie until you sign in.""",
    ),
)


def write_pages() -> None:
    """Write the pages, unless staff have written some of their own."""
    if Page.objects.exists():
        return
    Page.objects.bulk_create(
        Page(
            slug=slug,
            kind=kind,
            title=title,
            body=body,
            position=position,
            is_published=True,
        )
        for position, (slug, kind, title, body) in enumerate(_PAGES)
    )
