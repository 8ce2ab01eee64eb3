"""Pages that staff write."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet

MAX_BODY = 50_000  # characters


class PageKind(models.TextChoices):
    HOME = "home", "home: what the start page says first"
    HELP = "help", "help: returns, contact, sizes …"
    LEGAL = "legal", "legal: terms, privacy, imprint …"


class PageQuerySet(QuerySet["Page"]):
    def published(self) -> "PageQuerySet":
        """Return what shoppers may see."""
        return self.filter(is_published=True)


def default_language() -> str:
    """Return the shop's own language."""
    return str(settings.LANGUAGE_CODE)


class Page(Model):
    """A page in one language. The same slug in another language is its translation."""

    slug = models.CharField(max_length=120)
    language = models.CharField(
        max_length=10,
        default=default_language,
        help_text="BCP 47, such as en or hi",
    )
    kind = models.CharField(
        max_length=10, choices=PageKind.choices, default=PageKind.HELP
    )
    title = models.CharField(max_length=120)
    body = models.TextField(max_length=MAX_BODY, help_text="Markdown")
    position = models.PositiveSmallIntegerField(default=0)
    is_published = models.BooleanField(default=False)

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ["position", "title", "id"]
        constraints = [
            constraints.check_page_slug("page"),
            constraints.check_pattern(
                "page",
                "language",
                "[a-z]{2,3}(-[A-Za-z0-9]{2,8})*",
                "language is a tag such as en, hi or pt-BR.",
            ),
            constraints.check_choice("page", "kind", PageKind),
            *constraints.check_text("page", "title"),
            *constraints.check_text("page", "body", lines=True),
            constraints.check_max_length("page", "body", MAX_BODY),
            constraints.check_range("page", "position", 0, 32767),
            models.UniqueConstraint(
                fields=["slug", "language"], name="page_slug_once_per_language"
            ),
            models.UniqueConstraint(
                fields=["language"],
                condition=Q(kind=PageKind.HOME),
                name="page_one_home_per_language",
                violation_error_message="There is a home page in this language already.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Redirect(models.Model):
    """Where a path of the shop's former site leads now. Asked only for a path that is no page."""

    path = models.CharField(
        max_length=500,
        unique=True,
        help_text="of the former site, such as /old-page",
    )
    target = models.CharField(
        max_length=500, help_text="a path of this shop, or an https address"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["path"]
        constraints = [
            constraints.check_pattern(
                "redirect",
                "path",
                r"/[^\s?#\u0001-\u001F\u007F]*",
                "path begins with / and has no ? and no #.",
            ),
            constraints.check_pattern(
                "redirect",
                "target",
                r"(/([^/\s\\\u0001-\u001F\u007F][^\s\u0001-\u001F\u007F]*)?"
                r"|https://[^\s\u0001-\u001F\u007F<>'`]+)",
                "target is a path that begins with one /, or begins with https://.",
            ),
            models.CheckConstraint(
                condition=~Q(path=F("target")),
                name="redirect_leads_elsewhere",
                violation_error_message="A path cannot lead to itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.path} → {self.target}"


class ProductFeed(models.Model):
    """A list of the goods that is written for another company, and what is in it."""

    name = models.CharField(max_length=20, primary_key=True)
    file = models.CharField(max_length=200, help_text="in the storage")
    items = models.IntegerField()
    left_out = models.JSONField(
        default=dict, help_text="why variants are not in it -> how many"
    )
    bytes = models.BigIntegerField()
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            *constraints.check_text("product_feed", "name"),
            *constraints.check_not_negative("product_feed", "items", "bytes"),
        ]

    def __str__(self) -> str:
        return self.name
