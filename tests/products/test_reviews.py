"""Reviews: one a customer and product, read by all, moderated by staff."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from products.models import Review
from tests.factories import make_product, make_purchase, make_review, make_user


@pytest.fixture
def product(db):
    return make_product()


@pytest.fixture
def asha(db):
    return make_user(name="Asha", last_name="Kumar")


def url(product, tail=""):
    return f"/api/products/{product.pk}/reviews{tail}"


def ratings(api, product, **query):
    response = api.get(url(product), query)
    assert response.status_code == 200
    return [item["rating"] for item in response.json()["items"]]


def test_a_customer_reviews_and_everything_follows(api, product, asha):
    make_purchase(product=product, user=asha)
    response = api.as_user(asha).post(
        url(product), {"rating": 4, "comment": "Good.\nSoft.", "fit": "true"}
    )
    assert response.status_code == 201, response.json()
    own = response.json()
    assert (own.pop("status"), own.pop("updatedAt")[-1]) == ("published", "Z")
    assert own.pop("createdAt").endswith("Z")
    assert own == {
        "id": str(Review.objects.get().pk),
        "rating": 4,
        "comment": "Good.\nSoft.",
        "fit": "true",
        "verifiedBuyer": True,
        "author": "Asha K.",
    }
    [shown] = api.get(url(product)).json()["items"]
    assert shown.keys() == {
        "id",
        "rating",
        "comment",
        "fit",
        "verifiedBuyer",
        "author",
        "createdAt",
    }
    assert shown["author"] == "Asha K."
    detail = api.get(f"/api/products/{product.pk}").json()
    assert (
        detail["rating"],
        detail["reviewCount"],
        detail["ratingHistogram"]["4"],
    ) == (4.0, 1, 1)
    assert detail["fit"] == {"small": 0, "true": 1, "large": 0}


def test_without_a_delivered_order_nobody_is_a_verified_buyer(api, product, asha):
    make_purchase(product=make_product(), user=asha)
    shown = api.as_user(asha).post(url(product), {"rating": 1}).json()
    assert (shown["verifiedBuyer"], shown["fit"], shown["comment"]) == (
        False,
        None,
        "",
    )


def test_one_account_does_not_judge_the_whole_catalogue(api, asha, settings):
    """Whoever has bought nothing may review, too; deleting one does not make room for the next."""
    settings.RATE_LIMIT_SCALE = 1.0
    answers = []
    for number in range(22):
        path = url(make_product(slug=f"shirt-{number}"))
        answers.append(api.as_user(asha).post(path, {"rating": 1}))
        if number == 0:
            made = answers[0].json()["id"]
            assert api.as_user(asha).delete(f"{path}/{made}").status_code == 204
    assert [each.status_code for each in answers] == [201] * 20 + [429] * 2
    assert answers[-1].json()["code"] == "rate_limited"
    assert int(answers[-1]["Retry-After"]) <= 86_400
    assert Review.objects.count() == 19


def test_a_second_review_is_refused(api, product, asha):
    client = api.as_user(asha)
    client.post(url(product), {"rating": 5})
    response = client.post(url(product), {"rating": 1})
    assert (response.status_code, response.json()["code"]) == (
        409,
        "already_reviewed",
    )
    assert Review.objects.get().rating == 5


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/rating"),
        ({"rating": 0}, "/rating"),
        ({"rating": 6}, "/rating"),
        ({"rating": "5"}, "/rating"),
        ({"rating": 4.5}, "/rating"),
        ({"rating": 5, "fit": "tight"}, "/fit"),
        ({"rating": 5, "comment": "x" * 2001}, "/comment"),
        ({"rating": 5, "comment": "a\x00b"}, "/comment"),
        ({"rating": 5, "verifiedBuyer": True}, "/verifiedBuyer"),
    ],
)
def test_refuses_bad_input(api, product, asha, body, pointer):
    response = api.as_user(asha).post(url(product), body)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert not Review.objects.exists()


def test_there_is_nothing_to_review_in_a_draft(api, asha):
    draft = make_product(status="draft")
    assert api.as_user(asha).post(url(draft), {"rating": 5}).status_code == 404
    assert api.get(url(draft)).status_code == 404


def test_one_changes_and_deletes_ones_own_only(api, product, asha):
    own = make_review(product=product, user=asha, rating=5, fit="large")
    theirs = make_review(product=product, rating=3)
    client = api.as_user(asha)
    changed = client.patch(url(product, f"/{own.pk}"), {"rating": 2})
    assert (
        changed.status_code,
        changed.json()["rating"],
        changed.json()["fit"],
    ) == (
        200,
        2,
        "large",
    )
    assert client.get(url(product, "/mine")).json() == changed.json()
    product.refresh_from_db()
    assert (product.rating, product.rated_2, product.rated_5) == (2.5, 1, 0)
    for other in (
        url(product, f"/{theirs.pk}"),
        f"/api/products/{make_product().pk}/reviews/{own.pk}",
    ):
        assert client.patch(other, {"rating": 1}).status_code == 404
        assert client.delete(other).status_code == 404
    assert client.delete(url(product, f"/{own.pk}")).status_code == 204
    assert client.get(url(product, "/mine")).status_code == 404
    product.refresh_from_db()
    assert (product.rating, product.review_count) == (3, 1)


def test_lists_by_rating_and_in_every_order(api, product):
    for rating in (3, 5, 1, 5):
        make_review(product=product, rating=rating)
    make_review(product=product, rating=2, status="hidden")
    make_review(rating=4)
    assert ratings(api, product) == [5, 1, 5, 3]
    assert ratings(api, product, sort="oldest") == [3, 5, 1, 5]
    assert ratings(api, product, sort="rating_desc") == [5, 5, 3, 1]
    assert ratings(api, product, sort="rating_asc") == [1, 3, 5, 5]
    assert ratings(api, product, rating=5) == [5, 5]
    for sort in ("newest", "oldest", "rating_desc", "rating_asc"):
        walked: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            body = api.get(
                url(product), {"sort": sort, "cursor": cursor, "limit": 1}
            ).json()
            walked += [item["rating"] for item in body["items"]]
            cursor = body["next"]
        assert walked == ratings(api, product, sort=sort)


def test_asks_as_often_for_many_as_for_one(api, product):
    counts = []
    for number in (1, 5):
        while Review.objects.count() < number:
            make_review(product=product)
        with CaptureQueriesContext(connection) as asked:
            assert len(ratings(api, product, limit=100 - number)) == number
        counts.append(len(asked))
    assert counts == [3, 3]


def test_staff_hide_a_review_and_show_it_again(api, staff_client, product, asha):
    review = make_review(product=product, user=asha, rating=1)
    hidden = staff_client.patch(
        f"/api/staff/reviews/{review.pk}", {"status": "hidden"}
    ).json()
    assert (hidden["status"], hidden["product"]["id"]) == (
        "hidden",
        str(product.pk),
    )
    assert ratings(api, product) == []
    product.refresh_from_db()
    assert (product.rating, product.review_count) == (None, 0)
    assert api.as_user(asha).get(url(product, "/mine")).json()["status"] == "hidden"
    assert (
        api.as_user(asha)
        .patch(url(product, f"/{review.pk}"), {"rating": 5})
        .json()["status"]
        == "hidden"
    )
    staff_client.patch(f"/api/staff/reviews/{review.pk}", {"status": "published"})
    assert ratings(api, product) == [5]
    assert (
        staff_client.patch(
            f"/api/staff/reviews/{product.pk}", {"status": "hidden"}
        ).status_code
        == 404
    )


def test_staff_list_all_reviews(staff_client, product):
    make_review(product=product, rating=1, status="hidden")
    make_review(product=product, rating=2)
    make_review(rating=1)

    def listed(**query):
        return [
            item["rating"]
            for item in staff_client.get("/api/staff/reviews", query).json()[
                "items"
            ]
        ]

    assert listed() == [1, 2, 1]
    assert listed(status="hidden") == [1]
    assert listed(productId=str(product.pk)) == [2, 1]
    assert listed(rating=1, status="published") == [1]


def test_who_may_do_what(api, product, asha):
    review = make_review(product=product)
    for client, write, moderate in (
        (api, 401, 401),
        (api.as_user(asha), 404, 403),
        (api.as_user(make_user(role="staff")), 404, 403),
    ):
        assert (
            client.patch(url(product, f"/{review.pk}"), {"rating": 1}).status_code
            == write
        )
        assert client.delete(url(product, f"/{review.pk}")).status_code == write
        assert client.get(url(product, "/mine")).status_code == write
        assert (
            client.patch(
                f"/api/staff/reviews/{review.pk}", {"status": "hidden"}
            ).status_code
            == moderate
        )
        assert client.get("/api/staff/reviews").status_code == moderate
    assert api.post(url(product), {"rating": 1}).status_code == 401
    review.refresh_from_db()
    assert (review.rating, review.status) == (4, "published")
