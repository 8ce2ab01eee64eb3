"""The examples of docs/extending.md, as they stand there."""

from types import ModuleType
from typing import Any

import pytest
from django.urls import include, path

import markrin.urls
from celery_app import ON_EVENT
from markrin.checks import check_contract
from markrin.outbox import handlers
from tests.docs.blocks import read_blocks, written_modules
from tests.factories import make_order, make_product
from tests.outbox.helpers import drain

BLOCKS = read_blocks("docs/extending.md", "python")
FILES = {
    title: code for title, code in BLOCKS.items() if title.startswith("products/")
}


@pytest.fixture
def endpoint(settings):
    """Put the example's files and its line of `urlpatterns` where the page says."""
    with written_modules(FILES) as modules:
        names: dict[str, Any] = {"path": path, "materials": modules[-1]}
        exec(BLOCKS["urlpatterns"], names)  # noqa: S102 (our own page)
        added = names["urlpatterns"]
        urls = ModuleType("urls_with_materials")
        urls.__dict__.update(vars(markrin.urls))
        urls.__dict__["urlpatterns"] = [
            path("api/", include(added)),
            *markrin.urls.urlpatterns,
        ]
        settings.ROOT_URLCONF = urls
        yield


def test_the_example_has_every_layer():
    assert [title.split("/")[1] for title in FILES] == [
        "schemas",
        "selectors",
        "serializers",
        "views",
    ]


def test_the_endpoint_answers_and_keeps_the_contract(api, endpoint):
    for material, brand in (("Linen", "Acme"), ("Linen", "Zeta"), ("Wool", "Acme")):
        make_product(material=material, brand=brand)
    make_product(material="Silk", status="draft")
    assert api.get("/api/materials").json() == {
        "items": [{"name": "Linen", "products": 2}, {"name": "Wool", "products": 1}]
    }
    assert api.get("/api/materials", {"brand": "Zeta"}).json() == {
        "items": [{"name": "Linen", "products": 1}]
    }
    assert api.get("/api/materials", {"colour": "x"}).status_code == 400
    assert check_contract() == []


def test_the_handler_follows_the_event(db, monkeypatch):
    code = BLOCKS["orders/tasks.py"]
    known = dict(handlers.registry)
    with written_modules({"orders/warehouse_tasks.py": code}) as (module,):
        monkeypatch.setitem(
            ON_EVENT,
            "order.shipped",
            [*ON_EVENT["order.shipped"], "orders.tell_warehouse"],
        )
        order = make_order(status="shipped")
        assert ("orders.tell_warehouse", "done") in drain()
        assert module.told == [str(order.pk)]
    handlers.registry.clear()
    handlers.registry.update(known)
