"""The JSON of the shop's public facts and of staff's pages."""

from rest_framework import serializers

from markrin.api.serializers import Money, Serializer, Timestamp
from storefront import markdown
from storefront.models import Page as PageRow
from storefront.models import PageKind

# The home page's text is part of `Shop`, it has no page of its own.
_KINDS = [choice for choice in PageKind.choices if choice[0] != PageKind.HOME]


class PageLink(Serializer):
    """A page that staff wrote, as a menu shows it."""

    slug = serializers.CharField()
    kind = serializers.ChoiceField(choices=_KINDS)
    title = serializers.CharField()
    # the language of the text: the shop's own where there is no translation
    language = serializers.CharField()


class Page(PageLink):
    """A page that staff wrote; `html` is safe to show as it is."""

    html = serializers.SerializerMethodField()
    updated_at = Timestamp()

    def get_html(self, page: PageRow) -> str:
        return markdown.to_html(page.body)


class Currency(Serializer):
    """The shop's currency and how many decimals its amounts have. Source: ISO 4217."""

    code = serializers.CharField()
    decimals = serializers.IntegerField(min_value=0, max_value=4)


class PaymentMethod(Serializer):
    """A way to pay. Provider and key are empty where there is none."""

    method = serializers.ChoiceField(choices=["online", "cod"])
    provider = serializers.CharField(allow_blank=True)
    public_key = serializers.CharField(allow_blank=True)


class Limits(Serializer):
    """Pieces of one cart line at most; characters of a password at least."""

    line_quantity = serializers.IntegerField(min_value=1)
    password_length = serializers.IntegerField(min_value=1)


class Contact(Serializer):
    """How the shop is reached; empty where it does not say."""

    email = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)


class Shop(Serializer):
    """What a storefront needs first. The first language is the shop's own; `countries` are
    ISO 3166-1 codes, the first one the shop's; `pages` are in the language asked for.
    """

    name = serializers.CharField()
    url = serializers.CharField()
    headline = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    languages = serializers.ListField(child=serializers.CharField())
    countries = serializers.ListField(child=serializers.CharField())
    currency = Currency()
    payment_methods = PaymentMethod(many=True)
    guest_checkout = serializers.BooleanField()
    free_shipping_above = Money(allow_null=True)
    limits = Limits()
    return_window_days = serializers.IntegerField(allow_null=True, min_value=1)
    contact = Contact()
    pages = PageLink(many=True)


def shop_data(info: object) -> dict[str, object]:
    """Return the answer of `GET /api/shop`, which the shop's pages also carry."""
    return dict(Shop(info).data)
