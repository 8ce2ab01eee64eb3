"""The OpenAPI document: whole, valid, without a warning, and in step with what validates."""

import re
from typing import Any

import pytest
from django.test import override_settings
from drf_spectacular import drainage
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import OpenAPIV31SpecValidator

from markrin.api import errors
from markrin.rights import get_right


def generate() -> dict[str, Any]:
    drainage.reset_generator_stats()
    with drainage.GENERATOR_STATS.silence():
        document: dict[str, Any] = SchemaGenerator().get_schema(
            request=None, public=True
        )
        said = {
            **drainage.GENERATOR_STATS._warn_cache,
            **drainage.GENERATOR_STATS._error_cache,
        }
    assert not said
    OpenAPIV31SpecValidator(document).validate()
    return document


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with override_settings(ROOT_URLCONF="tests.markrin.shopfront"):
        return generate()


def test_the_shop_s_own_document_is_valid_and_whole() -> None:
    document = generate()
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert {"operationId", "summary", "tags", "responses"} <= set(
                operation
            ), (
                path,
                method,
            )
            assert {"400", "406", "429", "500", "503"} <= set(
                operation["responses"]
            )
            assert ("404" in operation["responses"]) or "{" not in path


def test_staff_s_calls_and_no_others_have_a_tag_of_staff() -> None:
    for methods in generate()["paths"].values():
        for operation in methods.values():
            (tag,) = operation["tags"]
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", tag)
            is_staff_s = get_right(operation["operationId"]) is not None
            assert tag.startswith("staff-") == is_staff_s, operation["operationId"]


def parameters(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    return {
        found["name"]: found
        for found in document["paths"][path][method]["parameters"]
    }


def test_parameters_carry_their_limits(document: dict[str, Any]) -> None:
    found = parameters(document, "/api/orders", "get")
    assert set(found) == {"page", "limit", "cursor", "color", "inStock", "minPrice"}
    assert found["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "default": 12,
    }
    assert (found["color"]["style"], found["color"]["explode"]) == ("form", False)
    assert found["color"]["schema"]["maxItems"] == 3
    assert found["color"]["schema"]["uniqueItems"] is True
    assert found["color"]["schema"]["items"]["maxLength"] == 20
    header = parameters(document, "/api/orders", "post")["Idempotency-Key"]
    assert (header["in"], header["required"], header["schema"]["maxLength"]) == (
        "header",
        False,
        255,
    )
    at = parameters(document, "/api/orders/{id}", "get")["id"]
    assert (at["in"], at["required"], at["schema"]["format"]) == (
        "path",
        True,
        "uuid",
    )


def test_bodies_carry_their_limits(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/orders"]["post"]["requestBody"]
    assert body["required"] is True
    assert body["content"] == {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/PlaceOrderInput"}
        }
    }
    schema = document["components"]["schemas"]["PlaceOrderInput"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["addressId", "paymentMethod"]
    assert schema["description"] == "An order as the tests place it."
    shown = schema["properties"]
    assert shown["paymentMethod"] == {"type": "string", "enum": ["cod", "online"]}
    assert shown["gift"] == {"type": "boolean", "default": False}
    assert shown["at"]["type"] == ["string", "null"]
    assert shown["lines"]["minItems"] == 1
    assert shown["lines"]["items"] == {"$ref": "#/components/schemas/LineInput"}
    assert re.search(shown["expectedTotal"]["pattern"], "0.01")
    assert not re.search(shown["expectedTotal"]["pattern"], "0.00")
    patch = document["components"]["schemas"]["ChangeOrderInput"]
    assert (patch["minProperties"], patch.get("required")) == (1, None)
    assert set(
        document["paths"]["/api/beacon"]["post"]["requestBody"]["content"]
    ) == {
        "application/json",
        "text/plain",
    }
    assert set(
        document["paths"]["/api/pictures"]["post"]["requestBody"]["content"]
    ) == {"multipart/form-data"}


def codes(operation: dict[str, Any], status: int) -> list[str]:
    schema = operation["responses"][str(status)]["content"][
        "application/problem+json"
    ]["schema"]
    assert schema["allOf"][0] == {"$ref": "#/components/schemas/Problem"}
    found: list[str] = schema["allOf"][1]["properties"]["code"]["enum"]
    return found


def test_answers_and_refusals(document: dict[str, Any]) -> None:
    paths = document["paths"]
    listing = paths["/api/orders"]["get"]
    assert listing["responses"]["200"]["content"]["application/json"]["schema"][
        "$ref"
    ].endswith("/OrderShapePage")
    page = document["components"]["schemas"]["OrderShapePage"]
    assert page["required"] == ["items"]
    assert page["properties"]["next"]["type"] == ["string", "null"]
    assert set(document["components"]["schemas"]["OrderShape"]["required"]) == {
        "id",
        "grandTotal",
        "createdAt",
        "lineCount",
    }
    assert codes(listing, 400) == ["invalid", "page_too_deep"]
    assert "token_missing" not in codes(listing, 401)
    assert "token_invalid" in codes(listing, 401)
    assert "403" not in listing["responses"]
    assert codes(paths["/api/orders"]["post"], 400) == ["invalid", "malformed"]
    assert {"413", "415"} <= set(paths["/api/orders"]["post"]["responses"])
    assert "content" not in paths["/api/orders"]["delete"]["responses"]["204"]
    assert "415" not in paths["/api/orders"]["delete"]["responses"]
    assert set(paths["/api/orders/{id}"]["get"]["responses"]["200"]["content"]) == {
        "application/pdf"
    }
    assert codes(paths["/api/staff"]["get"], 403) == [
        "forbidden",
        "second_factor_required",
    ]
    assert codes(paths["/api/mine"]["get"], 401) == [
        "session_expired",
        "session_revoked",
        "token_expired",
        "token_invalid",
        "token_missing",
    ]


def test_who_may(document: dict[str, Any]) -> None:
    assert document["paths"]["/api/orders"]["get"]["security"] == [
        {},
        {"bearer": []},
    ]
    assert document["paths"]["/api/staff"]["get"]["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_code_in_the_document_is_a_registered_one() -> None:
    for methods in generate()["paths"].values():
        for operation in methods.values():
            for status in (
                key for key in operation["responses"] if int(key) >= 400
            ):
                for code in codes(operation, int(status)):
                    assert errors.ShopError.registry[code].status == int(status)
