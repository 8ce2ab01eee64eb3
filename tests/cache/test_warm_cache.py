"""`manage.py warm_cache` fills the cache and prints one line."""

from io import StringIO

import pytest
from django.core.management import call_command

from tests.client import Client
from tests.factories import make_category, make_product


@pytest.mark.django_db(transaction=True)
def test_what_it_rendered_is_a_hit_and_it_prints_one_line(line, settings, capfd):
    settings.CACHE_ANSWERS = True
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    product = make_product(category=make_category())
    output = StringIO()

    call_command("warm_cache", "--products", "1", stdout=output)

    assert output.getvalue() == (
        "8 answers rendered or found, 8 of them kept, 0 refused.\n"
    )
    assert capfd.readouterr().out == ""
    response = Client().get(f"/api/products/{product.slug}")
    assert "hit" in response.headers["Cache-Status"]
