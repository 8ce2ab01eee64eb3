"""A client of the API for tests: JSON in and out, through every middleware, without a socket."""

import json as json_module
from collections.abc import Mapping
from typing import Any, Self

from django import test
from django.http import HttpResponse
from django.test import TestCase


class Client:
    """Send requests as nobody, or as the user given to `as_user`; the answers are Django's,
    with `.json()`.

    What a request leaves for after its commit has been run when the call returns, also
    where the test itself is a transaction that is rolled back."""

    def __init__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        raise_request_exception: bool = True,
    ) -> None:
        self.http = test.Client(raise_request_exception=raise_request_exception)
        self.headers = dict(headers or {})

    def as_user(self, user: Any) -> Self:
        """Return another client that sends an access token of a fresh session of this user."""
        return type(self)(
            headers={
                **self.headers,
                "Authorization": f"Bearer {access_token(user)}",
            }
        )

    def get(
        self,
        path: str,
        query: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """GET; `query` is a dict, whose lists repeat the name."""
        return self._send("GET", path, headers, query=query)

    def post(self, path: str, json: Any = None, **rest: Any) -> Any:
        """POST a JSON document, or with `files=` a multipart form."""
        return self._send("POST", path, json=json, **rest)

    def patch(self, path: str, json: Any = None, **rest: Any) -> Any:
        return self._send("PATCH", path, json=json, **rest)

    def put(self, path: str, json: Any = None, **rest: Any) -> Any:
        return self._send("PUT", path, json=json, **rest)

    def delete(self, path: str, json: Any = None, **rest: Any) -> Any:
        return self._send("DELETE", path, json=json, **rest)

    def options(self, path: str, **rest: Any) -> Any:
        return self._send("OPTIONS", path, **rest)

    def send(
        self, method: str, path: str, body: bytes, content_type: str, **rest: Any
    ) -> Any:
        """Send these very bytes, for what no well-behaved client would."""
        return self._send(
            method, path, body=body, content_type=content_type, **rest
        )

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        query: Any = None,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> HttpResponse:
        if json is not None:
            body = json_module.dumps(json, default=str).encode()
        if files is not None:
            body = test.client.encode_multipart(test.client.BOUNDARY, dict(files))
            content_type = test.client.MULTIPART_CONTENT
        with TestCase.captureOnCommitCallbacks(execute=True):
            # the test client's own subclass
            return self.http.generic(  # type: ignore[return-value]
                method,
                path,
                body,
                content_type if body else "",
                headers={**self.headers, **(headers or {})},
                query_params=query,
            )


def access_token(user: Any) -> str:
    """Return an access token as a login gives it."""
    from accounts.services import sessions

    return sessions.open_session(user).access
