"""Search in lists of very many rows: exact values, each found by an index."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest

_MAX_ROWS = 1_000  # rows elsewhere that a search may lead through


class ExactSearch:
    """Mixed into a ModelAdmin: what is typed is looked for as a whole, in `search_fields`
    such as `order__number`.

    A field of another model is looked up there first, and its keys are looked for here: a
    condition over both tables would have PostgreSQL read both. `field` wants the whole
    value, in whatever case; `field__startswith` its beginning."""

    search_fields: Sequence[str] = ()
    model: type[models.Model]

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[models.Model],
        search_term: str,
    ) -> tuple[QuerySet[models.Model], bool]:
        """Return the rows that match any of the fields: a query for each that is another
        model's.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        condition = Q(pk__in=[])
        for name in self.search_fields:
            condition |= _search_condition(self.model, name, term)
        return queryset.filter(condition), False


def _search_condition(model: type[models.Model], name: str, term: str) -> Q:
    """Return what a row must be to match, nothing where the term cannot be a value of the field."""
    first, _, rest = name.partition("__")
    field: Any = model._meta.get_field(first)
    if field.is_relation and rest:
        related = field.related_model
        matches = (
            related._default_manager.filter(_search_condition(related, rest, term))
            .order_by()
            .values_list("pk", flat=True)
        )
        return Q(**{f"{first}__in": list(matches[:_MAX_ROWS])})
    spelt = sorted({term, term.lower(), term.upper()})
    if rest == "startswith":
        return Q(*(Q(**{name: each}) for each in spelt), _connector=Q.OR)
    return Q(**{f"{first}__in": list(_term_values(field, spelt))})


def _term_values(
    field: "models.Field[object, object]", spelt: Iterable[str]
) -> Iterator[object]:
    for each in spelt:
        with suppress(ValidationError):
            yield field.clean(each, None)
