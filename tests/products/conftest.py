"""What the catalogue's tests share: staff who may write it, and a category to write into."""

import pytest

from tests.factories import make_category, make_user


@pytest.fixture
def merchandiser(db):
    """Return a member of staff in the group catalogue."""
    return make_user(role="staff", groups=("catalogue",))


@pytest.fixture
def staff_client(api, merchandiser):
    """Return a client of staff who may write the catalogue."""
    return api.as_user(merchandiser)


@pytest.fixture
def category(db):
    return make_category(name="Shirts", slug="shirts")
