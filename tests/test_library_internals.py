# The stubs leave out private names: that is what this file is about.
# mypy: disable-error-code="attr-defined, misc"
"""Parts of libraries that their makers do not promise to keep, and that the shop relies on.

Each is named here, with who uses it and why no public way serves; and each is exercised by
itself, so that an upgrade which changes one fails here, by its name. The last test finds
every private name of a library that the shop's code uses.
"""

import ast
import re
import smtplib
import time
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from django import forms
from django.contrib import admin
from django.core.handlers.wsgi import WSGIRequest
from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from django.db import connection, connections, models, transaction
from django.db.models import signals
from django.db.models.expressions import DatabaseDefault
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django_redis import get_redis_connection
from marshmallow import Schema
from marshmallow import fields as marshmallow_fields
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH, PostgresQuery
from psycopg.adapt import Transformer
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from accounts.models import Session, User
from markrin.db import prepared
from markrin.db.sql import (
    fetch_prepared,
    instance_from_row,
    new_instance,
    select_columns,
)
from orders.invoicing.pdf import Document
from orders.models import Cart, Order, OrderEvent, OrderLine, OrderTax
from tests.accounts.flows import login
from tests.factories import make_cart_line, make_order

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ROOT = Path(__file__).parent.parent
CODE = (
    "markrin",
    "products",
    "accounts",
    "orders",
    "storefront",
    "analytics",
    "demo",
)

# Private name → where it comes from, and why it is used.
INTERNALS = {
    "_want_formats": "psycopg's reading of a statement: the form each value is sent in",
    "_prepare_cursor": "Django's connection: its counting wrappers around a cursor of ours",
    "_cbsched_aioschedule": "granian's: what it calls for each request (server/test_exchanges.py)",
    "_parser": "redis-py's connection: the handler of invalidations, as its own cache sets it",
    "_body": "Django's request: a chunked body that Django itself takes for empty",
    "_request": "DRF's request: the Django request that middleware and cache also hold",
    "_prefetched_objects_cache": "Django's models: rows that were just written are not read",
    "_get_obj_does_not_exist_redirect": "Django's admin: the page for a row that is gone",
    "_get_validation_exclusions": "Django's model forms: no query for what has not changed",
    "_render_styled_text_line": "fpdf2: each line of a PDF says its font anew",
    "_password": "Django's user: whether a new password is about to be saved",
    "_get_response_for_code": "drf-spectacular: the schema of a serializer, as it writes it",
    "_bind_to_schema": "marshmallow's fields: tell a field within a field where it stands",
}
# Underscores that are documented, or our own.
PUBLIC = {"_meta", "_default_manager", "_state", "_db", "_replace", "_asdict"}
OURS = {"_refusal", "_verify_claims", "_check"}


@pytest.mark.django_db
def test_psycopg_prepares_and_django_logs_what_it_prepared():
    if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        pytest.skip("behind a pooler nothing is prepared")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert fetch_prepared(
            "SELECT %(number)s::int AS number", {"number": 7}
        ) == [{"number": 7}]
    assert [query["sql"] for query in captured] == ["SELECT $1::int AS number"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert ("SELECT $1::int AS number",) in cursor.fetchall()


@pytest.mark.django_db
def test_what_psycopg_reads_of_a_long_statement_is_kept():
    padding = "x" * MAX_CACHED_STATEMENT_LENGTH
    sql = f"SELECT %(b)s::int AS b, %(a)s::text AS a, %(b)s::int + 1 AS c -- {padding}"
    for number, text in ((1, "%"), (2, "two")):
        found = fetch_prepared(sql, {"a": text, "b": number, "other": None})
        assert found == [{"b": number, "a": text, "c": number + 1}]
    kept = prepared._readings_of[sql]
    query = PostgresQuery(Transformer(connection.connection))
    query.convert(sql, {"a": "", "b": 0})
    assert kept == (query.query, query._want_formats, query._order, query._parts)


@pytest.mark.django_db
def test_a_connection_that_has_just_answered_is_not_asked_whether_it_does():
    connection.health_check_done = False  # as at the beginning of a request
    fetch_prepared("SELECT 1 AS one")
    assert connection.health_check_done  # what Django's transactions ask


@pytest.mark.django_db
@pytest.mark.parametrize("model", [User, Session, Cart])
def test_a_model_of_a_row_is_as_django_makes_it(model):
    login(make_cart_line().cart.user)
    row = fetch_prepared(
        f"SELECT {select_columns(model, 'one')} FROM {model._meta.db_table} AS one"
    )[0]
    ours = instance_from_row(model, "one", row)
    names = [field.attname for field in model._meta.concrete_fields]
    djangos = model.from_db("default", names, list(row.values()))
    assert list(vars(ours)) == list(vars(djangos))
    for state in (ours._state, djangos._state):
        assert (state.adding, state.db, state.fields_cache) == (
            False,
            "default",
            {},
        )
    assert vars(ours) | {"_state": None} == vars(djangos) | {"_state": None}
    # what is left out with Django's own initialiser
    assert model.__init__ is models.Model.__init__
    for signal in (signals.pre_init, signals.post_init):
        assert not signal.has_listeners(model)


@pytest.mark.parametrize("given", [{}, {"user": None}, {"user": User(pk=uuid4())}])
def test_a_model_that_is_made_is_as_django_makes_it(given):
    order = Order(pk=uuid4(), **given)
    for model, values in (
        (Order, {"id": order.pk, "email": "a@example.com", **given}),
        (OrderLine, {"id": uuid4(), "order": order, "variant_id": uuid4()}),
        (OrderTax, {"order": order, "line": None, "position": 1}),
        (OrderEvent, {"order": order, "by": given.get("user")}),
    ):
        # which Django reads off the clock
        moved = {"updated_at": NOW} if hasattr(model, "updated_at") else {}
        ours, djangos = (
            make(**values, **moved)
            for make in (partial(new_instance, model), model)
        )
        assert vars(ours._state) == vars(djangos._state)
        assert show_fields(ours) == show_fields(djangos)
        assert model.__init__ is models.Model.__init__
        assert not signals.pre_init.has_listeners(model)
        assert not signals.post_init.has_listeners(model)
    with pytest.raises(TypeError, match="has no field \\['colour'\\]"):
        new_instance(Order, colour="red")
    with pytest.raises(TypeError, match="order is given twice"):
        new_instance(OrderEvent, order=order, order_id=order.pk)


def show_fields(instance):
    """Return an instance's attributes; what the database sets, by the expression for it."""
    return {
        name: value.expression if isinstance(value, DatabaseDefault) else value
        for name, value in vars(instance).items()
        if name != "_state"
    }


@pytest.mark.django_db
def test_djangos_commit_hooks_stand_with_the_savepoints_they_belong_to():
    def hook():
        """Do nothing."""

    transaction.on_commit(hook)
    outer, found, *_ = connection.run_on_commit[-1]
    assert (outer, found) == (set(connection.savepoint_ids), hook)
    with transaction.atomic():
        transaction.on_commit(hook)
        inner, *_ = connection.run_on_commit[-1]
        assert inner == set(connection.savepoint_ids) > outer


def test_redis_pys_parser_hands_over_what_the_server_invalidates():
    client = get_redis_connection("default")
    pool = client.connection_pool
    listener = pool.connection_class(**{**pool.connection_kwargs, "protocol": 3})
    heard: list[object] = []
    key = f"internals:{uuid4().hex}"
    try:
        listener.connect()
        listener._parser.set_invalidation_push_handler(heard.append)
        listener.send_command(
            "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "internals:"
        )
        listener.read_response()
        client.set(key, 1, ex=60)
        until = time.monotonic() + 30
        while not heard and time.monotonic() < until:
            listener.send_command("PING", check_health=False)
            listener.read_response(
                push_request=True, timeout=5, disconnect_on_error=False
            )
    finally:
        listener.disconnect()
        client.delete(key)
    assert heard
    assert heard[0] == [b"invalidate", [key.encode()]]


def test_djangos_request_takes_a_body_that_was_read_for_it():
    request = WSGIRequest(
        RequestFactory()._base_environ(REQUEST_METHOD="POST", path="/")
    )
    request._body = b"read before"
    assert request.body == b"read before"


def test_drfs_request_holds_djangos():
    inner = HttpRequest()
    inner.request_id = "7"  # as the request log sets it
    outer = Request(inner, parsers=[JSONParser()])
    assert outer._request is inner
    assert outer.request_id == "7"


@pytest.mark.django_db
def test_djangos_models_answer_from_what_was_put_into_their_cache(
    django_assert_num_queries,
):
    order, line = Order(pk=uuid4()), OrderLine()
    order._prefetched_objects_cache = {"lines": [line]}
    with django_assert_num_queries(0):
        assert list(order.lines.all()) == [line]
        assert order.list_related("lines") == [line]


@pytest.mark.django_db
def test_what_was_not_loaded_with_a_row_is_asked_for(django_assert_num_queries):
    order, other = make_order(), make_order()
    with django_assert_num_queries(1):
        found = list(Order(pk=order.pk).list_related("lines"))
    assert [line.order_id for line in found] == [order.pk] != [other.pk]
    loaded = Order.objects.prefetch_related("lines").get(pk=order.pk)
    with django_assert_num_queries(0):
        assert list(loaded.list_related("lines")) == found


@pytest.mark.django_db
def test_djangos_admin_redirects_from_a_row_that_is_gone(rf, admin_user):
    request = rf.get("/admin/")
    request.user, request.session = admin_user, {}
    messages: list[str] = []
    page = admin.site._registry[Order]
    request._messages = type(
        "Messages", (), {"add": lambda _, level, text, tags: messages.append(text)}
    )()
    answer = page._get_obj_does_not_exist_redirect(request, page.opts, "17")
    assert (answer.status_code, len(messages)) == (302, 1)


@pytest.mark.django_db
def test_djangos_model_forms_leave_out_what_a_form_excludes():
    class Form(forms.ModelForm):
        class Meta:
            model = User
            fields = ("name", "last_name")

        def _get_validation_exclusions(self):
            return super()._get_validation_exclusions() | {"name"}

    form = Form({"name": "\x01", "last_name": "\x01"})
    form.is_valid()
    assert "email" in super(Form, form)._get_validation_exclusions()
    form.full_clean()
    assert form._get_validation_exclusions() >= {"name", "email"}


def test_djangos_user_keeps_a_new_password_until_it_is_saved():
    user = User()
    assert user._password is None
    user.set_password("a quiet harbour at dawn")
    assert user._password == "a quiet harbour at dawn"


def test_marshmallow_binds_a_field_to_its_schema_by_name():
    bound: list[tuple[object, object]] = []

    class Field(marshmallow_fields.String):
        def _bind_to_schema(self, field_name, parent):
            super()._bind_to_schema(field_name, parent)
            bound.append((self.name, self.root))

    schema = type("Shelf", (Schema,), {"title": Field()})()
    assert bound == [("title", schema)]


def test_drf_spectacular_makes_a_response_of_a_serializer():
    from drf_spectacular.generators import SchemaGenerator

    # the whole document is made by way of `_get_response_for_code`; one answer stands for all
    document = SchemaGenerator().get_schema(request=None, public=True)
    listed = document["paths"]["/api/products"]["get"]["responses"]["200"]
    assert listed["content"]["application/json"]["schema"]["$ref"].startswith(
        "#/components/"
    )


@pytest.mark.django_db
def test_djangos_schema_editor_makes_tables_by_a_template_and_runs_what_was_put_off():
    class Lamp(models.Model):
        class Meta:
            app_label = "test_library_internals"
            db_table = "test_internals_lamp"

    with connection.schema_editor() as editor:
        editor.sql_create_table = (
            f"{editor.sql_create_table} WITH (fillfactor = 50)"
        )
        editor.create_model(Lamp)
        editor.deferred_sql.append(
            "COMMENT ON TABLE test_internals_lamp IS 'put off'"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reloptions, obj_description(oid) FROM pg_class WHERE relname ="
            " 'test_internals_lamp'"
        )
        assert cursor.fetchone() == (["fillfactor=50"], "put off")


def test_djangos_smtp_backend_sends_each_mail_by_itself():
    """By a method that the shop's has instead of its own."""
    sent: list[EmailMessage] = []

    class Backend(smtp.EmailBackend):
        def open(self):
            self.connection = smtplib.SMTP()
            return True

        def close(self):
            self.connection = None

        def _send(self, email_message):
            sent.append(email_message)
            return True

    mails = [EmailMessage("one", to=["a@x.example"]), EmailMessage("two")]
    assert Backend().send_messages(mails) == 2
    assert sent == mails


@pytest.mark.django_db
def test_djangos_connections_can_be_replaced_and_their_wrappers_handed_on():
    usual = connections["default"]
    seen: list[str] = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    usual.execute_wrappers.append(note)
    try:
        connections["default"] = (
            usual  # what the reads from a standby do, with another one
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        usual.execute_wrappers.remove(note)
    assert seen == ["SELECT 1"]


def test_every_private_name_of_a_library_that_is_used_stands_here():
    used = find_private_names()
    unknown = {name: files for name, files in used.items() if name not in INTERNALS}
    assert not unknown, "name it in INTERNALS and exercise it, or use a public way"
    assert INTERNALS.keys() <= used.keys(), "no longer used"


def find_private_names() -> dict[str, set[str]]:
    """Return the private names that the shop's code takes from objects it does not define."""
    paths = [
        path
        for app in CODE
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
    ]
    trees = {path: ast.parse(path.read_text()) for path in paths}
    own = (
        PUBLIC
        | OURS
        | {name for tree in trees.values() for name in defined_names(tree)}
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or not node.attr.startswith("_"):
                continue
            of_library = is_super(node.value) and node.attr not in PUBLIC | OURS
            if not node.attr.startswith("__") and (
                of_library or node.attr not in own
            ):
                found[node.attr].add(str(path.relative_to(ROOT)))
    return dict(found)


def test_a_line_after_one_in_a_fallback_font_has_its_own_font() -> None:
    fonts = ROOT / "orders" / "invoicing" / "fonts"
    document = Document(format="A4")
    document.set_compression(False)
    document.add_font("main", "", fonts / "NotoSans-Regular.ttf")
    document.add_font("other", "", fonts / "NotoSansTamil-Regular.ttf")
    document.set_fallback_fonts(["other"])
    document.set_text_shaping(True)
    document.add_page()
    document.set_font("main", "", 10)
    document.cell(0, 5, "கை", new_x="LMARGIN", new_y="NEXT")
    document.cell(0, 5, "Total")
    fonts_set = re.findall(rb"/F(\d+) [\d.]+ Tf", bytes(document.output()))
    assert fonts_set[-2:] == [b"2", b"1"]


def is_super(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "super"
    )


def defined_names(tree: ast.Module) -> set[str]:
    """Return what the module's functions, classes, arguments and assignments are called."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.arg():
                names.add(node.arg)
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.Attribute(ctx=ast.Store(), value=ast.Name(id="self" | "cls")):
                names.add(node.attr)
    return names
