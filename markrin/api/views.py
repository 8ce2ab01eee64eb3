"""The base of every view of the API."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from markrin import rights
from markrin.api import converters, errors, operations, permissions, renderers
from markrin.api.operations import operation
from markrin.api.serializers import Serializer

__all__ = [
    "ErrorKind",
    "ErrorKinds",
    "View",
    "converters",
]  # importing a view registers the converters that its URL is written with


class View(APIView):
    """A URL; each of its methods has an `@operation(…)`. Signed-in users only, unless
    `permission_classes` says so.
    """

    permission_classes: Sequence[type[BasePermission]] = (
        permissions.IsAuthenticated,
    )
    content_negotiation_class = renderers.Negotiation

    @property
    def operation(self) -> operations.Operation | None:
        """What is stated for the method of the current request."""
        return operations.operation_of(
            self, getattr(self.request, "method", None) or ""
        )

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return how the caller is known: by nothing, where the answer is the same for everybody.

        Such an answer is kept, and then no token is looked at; so none is looked at before.
        """
        method = (getattr(self.request, "method", None) or "").lower()
        is_kept = hasattr(getattr(self, method, None), "cache_tags")
        return [] if is_kept else super().get_authenticators()

    def get_permissions(self) -> Sequence[BasePermission]:
        """Return the right of staff's that the operation needs; or else its own permissions,
        or the view's.
        """
        stated = self.operation
        right = rights.get_right(stated.id) if stated is not None else None
        if right is not None:
            return [permissions.MayCall(right)]
        classes = (
            self.permission_classes
            if stated is None or stated.permissions is None
            else stated.permissions
        )
        return [permission() for permission in classes]

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse an unknown method before asking who calls, so that the answer is the same
        for everybody.
        """
        if request.method != "OPTIONS":
            if self.operation is None:
                raise errors.MethodNotAllowed
            super().initial(request, *args, **kwargs)
            if permissions.is_machine(request.auth):
                granted = {type(each) for each in self.get_permissions()}
                if permissions.MayCall not in granted:
                    is_public = permissions.AllowAny in granted
                    permissions.refuse_machines(request, is_public=is_public)

    def options(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> Response:
        """Answer with the Allow header only: the OpenAPI document describes the rest."""
        return Response(status=HTTPStatus.NO_CONTENT)

    def permission_denied(  # type: ignore[override]  # the stubs say NoReturn
        self,
        request: HttpRequest,
        message: str | None = None,
        code: str | None = None,
    ) -> None:
        """Refuse: 401 to nobody in particular, 403 to somebody."""
        user = getattr(request, "user", None)
        raise (
            errors.Forbidden
            if user is not None and user.is_authenticated
            else errors.TokenMissing
        )


# --- What a problem document's `type` leads to ---------------------------------------------------
class Kind(Serializer):
    """A kind of refusal."""

    code = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    title = serializers.CharField(source="message")


class Kinds(Serializer):
    """Every kind of refusal."""

    items = Kind(many=True)


class ErrorKinds(View):
    permission_classes = (permissions.AllowAny,)
    authentication_classes = ()

    @operation(
        id="listErrors",
        tag="errors",
        summary="List every error code",
        response=Kinds,
    )
    def get(self, request: Request) -> Response:
        """Answer all kinds, by status and code."""
        return Response(Kinds({"items": errors.every_kind()}).data)


class ErrorKind(View):
    permission_classes = (permissions.AllowAny,)
    authentication_classes = ()

    @operation(
        id="getError", tag="errors", summary="Explain an error code", response=Kind
    )
    def get(self, request: Request, slug: str) -> Response:
        """Answer one kind."""
        error_kind = next(
            (kind for kind in errors.every_kind() if kind.slug() == slug), None
        )
        if error_kind is None:
            raise errors.NotFound
        return Response(Kind(error_kind).data)
