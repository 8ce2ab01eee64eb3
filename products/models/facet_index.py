"""What the facets are counted by: a bitmap for every value, whose bits are products.

Whatever changes a product adds a row to `FacetChange`, in its own transaction, and waits for
nobody. A job folds these rows into the bitmaps. Until then readers leave the changed products
out of the bitmaps, and count them by themselves (products.facet_bitmaps.py): counts
are exact at every commit.
"""

from django.db import models

from products.models.product import Product


class FacetNumber(models.Model):
    """Which bit of every bitmap a product is. It outlives its product until the next folding."""

    product = models.OneToOneField(
        Product,
        models.DO_NOTHING,
        db_constraint=False,
        related_name="facet_number",
    )
    number = models.AutoField(primary_key=True)

    def __str__(self) -> str:
        return str(self.number)


class FacetBitmap(models.Model):
    """The products that have one value: `brand:Levi's`. `bitmap` is a roaring bitmap as
    CRoaring writes it; a later `version` is a later state of it.
    """

    key = models.CharField(max_length=120, primary_key=True)
    version = models.BigIntegerField()
    bitmap = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["version"], name="facet_bitmap_version")]

    def __str__(self) -> str:
        return self.key


class FacetChange(models.Model):
    """A product that has changed since the bitmaps were written, as often as it has.

    `by_clock`: a sale has started or ended, and the price that the bitmaps have for that moment is
    in force. Readers need not look at it; the job writes what follows.
    """

    product_id = models.UUIDField()
    by_clock = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return str(self.product_id)
