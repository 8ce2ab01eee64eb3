"""Users as staff see them, and admins change them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import errors, schemas, selectors, serializers
from accounts.client_info import ClientInfo
from accounts.services import privacy, staff_users
from accounts.views.base import AuthView, current_user
from markrin.api.errors import NotFound, Unprocessable
from markrin.api.operations import operation
from markrin.api.permissions import IsAdmin, IsStaff


class UserList(AuthView):
    permission_classes = [IsStaff]

    @operation(
        query=schemas.ListUsers,
        answer=serializers.StaffUserPage,
        id="listUsers",
        tag="staff",
        summary="Find users",
    )
    def get(self, request: Request, *, query: dict[str, Any]) -> Response:
        return Response(serializers.StaffUserPage(selectors.list_users(**query)).data)

    @operation(
        body=schemas.AddUser,
        answer=serializers.StaffUser,
        status=201,
        permissions=[IsAdmin],
        errors=[errors.EmailTaken, errors.PasswordRejected],
        id="addUser",
        tag="staff",
        summary="Add a user of any role",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        user = staff_users.add_user(
            by=current_user(request),
            client=ClientInfo.from_request(request._request),
            **body,
        )
        return Response(
            serializers.StaffUser(selectors.get_user(user_id=user.pk)).data, 201
        )


class UserDetail(AuthView):
    permission_classes = [IsAdmin]

    @operation(
        body=schemas.ChangeUser,
        answer=serializers.StaffUser,
        errors=[NotFound, errors.LastAdmin],
        id="changeUser",
        tag="staff",
        summary="Change role or groups, deactivate or activate",
    )
    # the URL's name
    def patch(self, request: Request, *, id: UUID, body: dict[str, Any]) -> Response:  # noqa: A002
        staff_users.change_user(
            by=current_user(request),
            client=ClientInfo.from_request(request._request),
            user_id=id,
            **body,
        )
        return Response(serializers.StaffUser(selectors.get_user(user_id=id)).data)


class UserExport(AuthView):
    permission_classes = [IsAdmin]

    @operation(
        answer=serializers.Export,
        errors=[NotFound],
        id="exportUser",
        tag="staff",
        summary="Everything that is known about a user who asks",
    )
    def get(self, request: Request, *, id: UUID) -> Response:  # noqa: A002 (the URL's name)
        found = privacy.export_user(
            user_id=id,
            client=ClientInfo.from_request(request._request),
            by=current_user(request).pk,
        )
        return Response(
            found, headers={"Content-Disposition": f'attachment; filename="{id}.json"'}
        )


class UserErase(AuthView):
    permission_classes = [IsAdmin]

    @operation(
        status=204,
        errors=[NotFound, Unprocessable],
        id="eraseUser",
        tag="staff",
        summary="Anonymise a customer who asks, for good",
    )
    def post(self, request: Request, *, id: UUID) -> Response:  # noqa: A002 (the URL's name)
        privacy.erase_customer(
            user_id=id,
            client=ClientInfo.from_request(request._request),
            by=current_user(request).pk,
        )
        return Response(status=204)
