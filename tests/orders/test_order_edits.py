"""What staff change of an order besides its steps, by the API and in the admin; each change leaves
who, when, what and why.
"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from orders.models import CustomerRecord, Order, OrderAttachment, OrderEvent
from orders.services import privacy
from tests import factories
from tests.factories.orders import SHIPPING_ADDRESS

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.7 a scan"


@pytest.fixture
def staff():
    return factories.make_user(role="staff", groups=("orders",))


@pytest.fixture
def desk(api, staff):
    return api.as_user(staff)


@pytest.fixture
def clerk(staff):
    client = Client()
    client.force_login(staff)
    return client


def edit(desk, order, **body):
    return desk.patch(f"/api/staff/orders/{order.pk}", body)


def history(order):
    return list(
        OrderEvent.objects.filter(order=order, kind="edit").values_list(
            "note", "is_public", "actor"
        )
    )


def test_an_address_and_a_guests_email_are_corrected_and_told_without_their_values(
    desk,
):
    order = factories.make_order(
        guest_email="wrong@example.com", status="processing"
    )
    moved = SHIPPING_ADDRESS | {
        "street": "14 Linking Road",
        "phone": "+919800000000",
    }
    answer = edit(
        desk,
        order,
        shippingAddress=moved,
        email="right@example.com",
        reason="The customer rang.",
    )
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["shippingAddress"]["street"] == "14 Linking Road"
    assert shown["email"] == "right@example.com"
    assert history(order) == [
        ("Corrected: phone, street, email. The customer rang.", False, "staff")
    ]
    again = edit(desk, order, shippingAddress=moved)
    assert again.status_code == 200
    assert len(history(order)) == 1  # nothing was changed


@pytest.mark.parametrize(
    ("status", "change", "expected"),
    [
        ("shipped", {"email": "a@b.example"}, (409, "order_status")),
        ("cancelled", {"email": "a@b.example"}, (409, "order_status")),
        (
            "pending",
            {
                "shippingAddress": {
                    "country": "NP",
                    "state": "",
                    "postalCode": "44600",
                }
            },
            (409, "place_changes_price"),
        ),
        (
            "pending",
            {
                "shippingAddress": {
                    "state": "Karnataka",
                    "city": "Mysuru",
                    "postalCode": "570001",
                }
            },
            (409, "place_changes_price"),
        ),
        ("pending", {"tags": ["Not a tag"]}, (400, "invalid")),
        ("pending", {}, (400, "invalid")),
    ],
)
def test_what_cannot_be_corrected_is_refused_and_changes_nothing(
    desk, status, change, expected
):
    order = factories.make_order(guest_email="guest@example.com", status=status)
    if "shippingAddress" in change:
        change = {"shippingAddress": SHIPPING_ADDRESS | change["shippingAddress"]}
    before = Order.objects.filter(pk=order.pk).values().get()
    answer = edit(desk, order, **change)
    assert (answer.status_code, answer.json()["code"]) == expected
    assert Order.objects.filter(pk=order.pk).values().get() == before
    assert history(order) == []


def test_an_accounts_order_keeps_the_accounts_address(desk):
    order = factories.make_order()
    answer = edit(desk, order, email="other@example.com")
    assert (answer.status_code, answer.json()["code"]) == (422, "email_unexpected")


def test_tags_are_kept_at_any_time_and_found(desk, clerk):
    order = factories.make_order(status="delivered")
    factories.make_order()
    assert edit(desk, order, tags=["vip", "gift-wrap", "vip"]).json()["tags"] == [
        "gift-wrap",
        "vip",
    ]
    assert history(order) == [("Tags: gift-wrap, vip.", False, "staff")]
    found = desk.get("/api/staff/orders?tag=vip").json()["items"]
    assert [each["number"] for each in found] == [order.number]
    listed = clerk.get("/admin/orders/order/", {"tag": "vip"})
    assert [each.pk for each in listed.context["cl"].result_list] == [order.pk]
    step = reverse("admin:orders_order_step", args=[order.pk, "tags"])
    assert clerk.post(step, {"tags": "Loud!"}).status_code == 422
    assert clerk.post(step, {"tags": ""}).status_code == 302
    order.refresh_from_db()
    assert order.tags == []


def test_the_admins_form_corrects_an_address_by_the_same_rules(clerk):
    order = factories.make_order(guest_email="wrong@example.com")
    step = reverse("admin:orders_order_step", args=[order.pk, "contact"])
    form = clerk.get(step).context["form"]
    data = {name: field.initial or "" for name, field in form.fields.items()}
    assert data["street"] == "12 Linking Road"
    bad = clerk.post(step, data | {"postal_code": "12"})
    assert bad.status_code == 422
    assert "six digits" in bad.content.decode()
    assert clerk.post(step, data | {"street": "1 New Road"}).status_code == 302
    order.refresh_from_db()
    assert (order.street, order.email) == ("1 New Road", "wrong@example.com")
    assert history(order) == [("Corrected: street.", False, "staff")]


def test_files_are_private_checked_and_can_be_deleted(clerk, api):
    order = factories.make_order()
    step = reverse("admin:orders_order_step", args=[order.pk, "attach"])

    def attach(name, content):
        return clerk.post(step, {"file": SimpleUploadedFile(name, content)})

    for name, content in (
        ("page.pdf", b"<script>alert(1)</script>"),
        ("empty.pdf", b""),
        ("large.pdf", PDF + b"x" * 5_000_000),
        ("fake.webp", b"RIFF____WAVE"),
    ):
        assert attach(name, content).status_code == 422, name
    assert not OrderAttachment.objects.exists()
    assert attach("scan.html", PDF).status_code == 302  # the bytes say what it is
    kept = OrderAttachment.objects.get()
    assert (kept.content_type, kept.size) == ("application/pdf", len(PDF))
    link = reverse("admin:orders_order_file", args=[order.pk, kept.pk])
    assert (
        link
        in clerk.get(
            reverse("admin:orders_order_change", args=[order.pk])
        ).content.decode()
    )
    answer = clerk.get(link)
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    other = factories.make_order()
    elsewhere = reverse("admin:orders_order_file", args=[other.pk, kept.pk])
    assert clerk.get(elsewhere).status_code == 404
    assert Client().get(link).status_code == 302  # to sign in
    catalogue = Client()
    catalogue.force_login(factories.make_user(role="staff", groups=("catalogue",)))
    assert catalogue.get(link).status_code == 403
    assert catalogue.post(f"{link}delete/").status_code == 403
    assert clerk.get(f"{link}delete/").status_code == 200
    assert clerk.post(f"{link}delete/").status_code == 302
    assert not OrderAttachment.objects.exists()
    assert [note for note, *_ in history(order)] == [
        "A file was attached.",
        "An attached file was deleted.",
    ]


def test_what_staff_know_of_a_customer_is_shown_exported_and_erased(clerk):
    customer = factories.make_user()
    order = factories.make_order(customer=customer)
    add = reverse("admin:orders_customerrecord_add")
    page = reverse("admin:orders_order_change", args=[order.pk])
    assert f"{add}?user={customer.pk}" in clerk.get(page).content.decode()
    answer = clerk.post(
        add, {"user": str(customer.pk), "tags": "vip, late", "note": "Ring twice."}
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    again = clerk.post(
        add, {"user": str(customer.pk), "tags": "", "note": "Another."}
    )
    assert "already exists" in str(again.context["adminform"].form.errors["user"])
    assert CustomerRecord.objects.get().tags == ["late", "vip"]
    text = clerk.get(page).content.decode()
    assert "late, vip" in text
    assert "Ring twice." in text
    known = privacy.export_customer(user=customer)["kept_by_staff"]
    assert known == [{"tags": ["late", "vip"], "note": "Ring twice."}]
    OrderAttachment.objects.create(
        order=order,
        name="scan.pdf",
        content_type="application/pdf",
        content=PDF,
        size=len(PDF),
        sha256="0" * 64,
    )
    with transaction.atomic():
        privacy.erase_customer(user=customer)
    assert not CustomerRecord.objects.exists()
    assert not OrderAttachment.objects.exists()
