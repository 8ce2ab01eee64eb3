"""Vendure as the other side of a comparison of shops: guests who buy by its shop API."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from benchmarks.harness import Harness, NotReady
from benchmarks.peers.http_calls import call
from benchmarks.peers.load import LISTED, Read, Request
from benchmarks.peers.node_project import NodeProject

API = "/shop-api"
AT_ONCE = 4  # of the calls that make carts ready
VARIANTS = 6_000
ADD = """mutation($id: ID!) { addItemToOrder(productVariantId: $id, quantity: 1) {
    __typename
    ... on Order {
        id code state totalWithTax
        lines { id quantity linePriceWithTax productVariant { id name sku } }
    }
    ... on ErrorResult { errorCode message } } }"""
METHODS = "{ eligibleShippingMethods { id } }"
ARRANGE = """mutation($email: String!, $method: [ID!]!) {
    customer: setCustomerForOrder(
        input: { firstName: "A", lastName: "B", emailAddress: $email }
    ) { __typename ... on ErrorResult { errorCode message } }
    address: setOrderShippingAddress(
        input: { fullName: "A B", streetLine1: "Street 1", city: "Berlin"
            postalCode: "10115", countryCode: "DE" }
    ) { __typename ... on ErrorResult { errorCode message } }
    shipping: setOrderShippingMethod(shippingMethodId: $method) {
        __typename ... on ErrorResult { errorCode message } }
    state: transitionOrderToState(state: "ArrangingPayment") {
        __typename ... on ErrorResult { errorCode message } } }"""
PAY = """mutation {
    addPaymentToOrder(input: { method: "standard-payment", metadata: {} }) {
        __typename
        ... on Order {
            id code state totalWithTax
            lines { id quantity productVariant { id sku } }
        }
        ... on ErrorResult { errorCode message } } }"""
DETAIL = """query($slug: String) { product(slug: $slug) {
    id name slug description
    collections { id name slug } optionGroups { id name options { id name code } }
    facetValues { id name } featuredAsset { preview } assets { id preview }
    variants { id sku name price priceWithTax currencyCode stockLevel
        options { id name code } } } }"""
SEARCH = """query($input: SearchInput!) { search(input: $input) { totalItems items {
    productId productName slug description productAsset { preview } currencyCode inStock
    priceWithTax { ... on PriceRange { min max } ... on SinglePrice { value } } } } }"""
CATEGORIES = "{ collections(options: { take: 50 }) { items { id name slug } } }"


class Vendure:
    """The shop with 1,000 products of 6 variants, on its published packages."""

    name = "Vendure 3.7.3"
    added = '"__typename":"Order"'
    bought = '"state":"PaymentAuthorized"'

    def __init__(self, harness: Harness) -> None:
        self.address = ""
        self.headers: dict[str, str] = {}
        self._project = NodeProject(
            harness, "vendure", valkey_db=5, build=[], seed=[["node", "seed.js"]]
        )
        self._tokens: list[str] = []
        self._turn = 0

    def prepare(self) -> None:
        """Install and seed what is not there yet."""
        self._project.prepare()

    @contextmanager
    def serve(self) -> Iterator["Vendure"]:
        """Run its server process, without a worker."""
        with self._project.serve(["node", "server.js"], "/health") as address:
            self.address = address
            yield self

    def reads(self) -> dict[str, Read]:
        """Return the reads by the names of the rows."""
        page = {"take": LISTED, "groupByProduct": True}
        one = page | {"collectionSlug": "category-3"}
        return {
            "product detail": Read(
                [_ask(DETAIL, slug=f"product-{2 * n}") for n in range(500)],
                lambda body: list(body["data"]["product"]["variants"]),
            ),
            "list of 12": Read([_ask(SEARCH, input=page)], _found),
            "category list": Read([_ask(SEARCH, input=one)], _found),
            "category tree": Read(
                [_ask(CATEGORIES)],
                lambda body: list(body["data"]["collections"]["items"]),
            ),
        }

    def start_carts(self, count: int) -> None:
        """Make so many guests' orders with one line each."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            self._tokens = list(
                pool.map(self._start, [self._next_variant() for _ in range(count)])
            )

    def second_lines(self) -> list[Request]:
        """Return the request for each order that puts another variant into it."""
        return [_ask(ADD, token, id=self._next_variant()) for token in self._tokens]

    def checkouts(self) -> list[Request]:
        """Set customer, address, shipping and state; return the call that pays each order."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._arrange, self._tokens))
        return [_ask(PAY, token) for token in self._tokens]

    def _start(self, variant: str) -> str:
        _, token = self._send(_ask(ADD, id=variant))
        return token

    def _arrange(self, token: str) -> None:
        data, _ = self._send(_ask(METHODS, token))
        method = data["eligibleShippingMethods"][0]["id"]
        email = f"{uuid4().hex}@example.com"
        self._send(_ask(ARRANGE, token, email=email, method=[method]))

    def _send(self, request: Request) -> tuple[Any, str]:
        """Return the data and the token of the session. Raises: NotReady where anything was
        refused.
        """
        answer = call(
            self.address,
            request.method,
            request.path,
            request.body,
            request.headers,
        )
        text = json.dumps(answer.body)
        if answer.status != 200 or "errors" in answer.body or "errorCode" in text:
            raise NotReady(f"Vendure answered {answer.status} {text[:300]}")
        return answer.body["data"], answer.headers.get("vendure-auth-token", "")

    def _next_variant(self) -> str:
        self._turn = self._turn % VARIANTS + 1
        return str(self._turn)


def _ask(query: str, token: str = "", **variables: Any) -> Request:
    body = json.dumps({"query": " ".join(query.split()), "variables": variables})
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Request("POST", API, body, headers)


def _found(body: Any) -> list[Any]:
    return list(body["data"]["search"]["items"])
