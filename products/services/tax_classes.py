"""Tax classes, as categories and products name them."""

from products import errors
from products.models import TaxClass


def find_tax_class(code: str | None) -> TaxClass | None:
    """Return the class of this code, locked so that it cannot be deleted before it is used;
    None for None. Part of the caller's transaction.

    Raises:
        TaxClassUnknown: there is none.
    """
    if code is None:
        return None
    found = TaxClass.objects.filter(code=code).locked().first()
    if found is None:
        raise errors.TaxClassUnknown
    return found
