"""Imports that staff begin in the admin: the file, how far it has come in, what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model


class ImportKind(models.TextChoices):
    OWN = "own", "Products: the shop's own CSV"
    SHOPIFY = "shopify", "Products: Shopify's export"
    WOOCOMMERCE = "woocommerce", "Products: WooCommerce's export"
    MAPPED = "mapped", "Products: any other CSV, by a mapping"
    CUSTOMERS = "customers", "Customers"
    ORDERS = "orders", "Past orders"
    DISCOUNTS = "discounts", "Discount codes"
    REVIEWS = "reviews", "Reviews"
    REDIRECTS = "redirects", "Old links"


PRODUCT_KINDS = (
    ImportKind.OWN,
    ImportKind.SHOPIFY,
    ImportKind.WOOCOMMERCE,
    ImportKind.MAPPED,
)


class ImportState(models.TextChoices):
    UPLOADING = "uploading", "waits for its file"
    PREVIEWING = "previewing", "being tried"
    PREVIEWED = "previewed", "tried, nothing imported yet"
    IMPORTING = "importing", "being imported"
    IMPORTED = "imported", "imported"
    REFUSED = "refused", "refused"
    DISCARDED = "discarded", "discarded"


class ImportJob(Model):
    """A file that is tried, looked at, and imported, by a job that may stop and go on.

    `line` is where the last product or row begins that this state's work has done; the counts say
    what became of products or rows, `kinds` how many lines its report has of each kind.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    kind = models.CharField(max_length=11, choices=ImportKind)
    options = models.JSONField(default=dict)
    mapping = models.TextField(blank=True, default="")
    file_name = models.CharField(max_length=200, blank=True, default="")
    size = models.BigIntegerField(default=0, help_text="bytes")
    lines = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=10, choices=ImportState, default=ImportState.UPLOADING
    )
    problem = models.CharField(max_length=500, blank=True, default="")
    line = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    kinds = models.JSONField(default=dict)
    new_categories = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "import"
        ordering = ["-id"]
        constraints = [
            constraints.check_choice("import_job", "kind", ImportKind),
            constraints.check_choice("import_job", "state", ImportState),
            *constraints.check_text(
                "import_job", "file_name", "problem", blank=True
            ),
            *constraints.check_not_negative("import_job", "size"),
            models.CheckConstraint(
                condition=~Q(mapping="") & Q(kind="mapped")
                | Q(mapping="") & ~Q(kind="mapped"),
                name="import_job_mapping_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(state="refused") ^ Q(problem=""),
                name="import_job_refused_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.file_name}".rstrip()

    @property
    def is_at_work(self) -> bool:
        """Whether a job goes through its file now."""
        return self.state in (ImportState.PREVIEWING, ImportState.IMPORTING)


class ImportPart(models.Model):
    """A piece of an import's file, as it came: in the database, where every process finds it, and
    nobody else.
    """

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["job", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "number"], name="import_part_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.job_id}:{self.number}"


class ImportLine(models.Model):
    """A line of an import's report."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="report_lines")
    line = models.PositiveIntegerField()
    ref = models.TextField(blank=True, default="")
    column = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=10)
    code = models.CharField(max_length=80, blank=True, default="")
    message = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["job", "kind"], name="import_line_by_kind")]

    def __str__(self) -> str:
        return f"{self.job_id}:{self.line}"
