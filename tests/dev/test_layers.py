"""The contract about what is inside an app finds what it forbids."""

import grimp
import pytest

from dev.layers import InsideAnApp


def broken(*imports: tuple[str, str]) -> list[str]:
    graph = grimp.ImportGraph()
    for importer, imported in imports:
        graph.add_module(importer)
        graph.add_module(imported)
        graph.add_import(
            importer=importer,
            imported=imported,
            line_number=3,
            line_contents="import it",
        )
    contract = InsideAnApp(
        name="",
        session_options={},
        contract_options={"apps": ["orders", "products"], "name": ""},
    )
    check = contract.check(graph, verbose=False)
    assert check.kept == (not check.metadata["broken"])
    return list(check.metadata["broken"])


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("orders.models.cart", "orders.services"),
        ("orders.errors", "orders.models"),
        ("orders.events", "orders.errors"),
        ("orders.schemas", "orders.services.stock"),
        ("orders.services.place", "orders.selectors"),
        ("orders.serializers", "orders.selectors"),
        ("orders.staff_serializers", "orders.selectors"),
        ("orders.services", "orders.tasks"),
        ("orders.services", "products.views.shop"),
        ("orders.admin", "orders.signals"),
        ("markrin.urls", "orders.views"),
    ],
)
def test_refuses(importer: str, imported: str) -> None:
    assert broken((importer, imported)) == [
        f"{importer} imports {imported} (line 3)"
    ]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("orders.models.cart", "orders.models.order"),
        ("orders.models", "products.models"),
        ("orders.errors", "markrin.api.errors"),
        ("orders.schemas", "orders.models"),
        ("orders.services", "orders.pricing"),
        ("orders.services", "products.selectors"),
        ("orders.urls", "orders.views.cart"),
        ("orders.gateway_urls", "orders.views.gateway"),
        ("orders.views.cart", "orders.views.shared"),
        ("orders.apps", "orders.signals"),
        ("orders.tasks", "orders.services"),
    ],
)
def test_allows(importer: str, imported: str) -> None:
    assert broken((importer, imported)) == []
