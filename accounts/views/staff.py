"""Users as staff see them, and admins change them."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import errors, schemas, selectors, serializers
from accounts.services import api_keys, privacy, staff_users
from accounts.views.base import AuthView, current_user, get_client
from markrin.api.errors import NotFound, Unprocessable
from markrin.api.operations import operation


class UserList(AuthView):
    @operation(
        query=schemas.ListUsers,
        response=serializers.StaffUserPage,
        id="listUsers",
        tag="staff-users",
        summary="Find users",
    )
    def get(self, request: Request, *, query: schemas.UserFilter) -> Response:
        page = selectors.list_users(query, by=current_user(request))
        return Response(serializers.StaffUserPage(page).data)

    @operation(
        body=schemas.AddUser,
        response=serializers.StaffUser,
        status=HTTPStatus.CREATED,
        errors=[errors.EmailTaken, errors.PasswordRejected],
        id="addUser",
        tag="staff-users",
        summary="Add a user of any role",
    )
    def post(self, request: Request, *, body: schemas.NewUser) -> Response:
        user = staff_users.add_user(
            body, by=current_user(request), client=get_client(request)
        )
        return Response(
            serializers.StaffUser(selectors.get_user(user_id=user.pk)).data,
            HTTPStatus.CREATED,
        )


class UserDetail(AuthView):
    @operation(
        body=schemas.ChangeUser,
        response=serializers.StaffUser,
        errors=[NotFound, errors.LastAdmin],
        id="changeUser",
        tag="staff-users",
        summary="Change role or groups, deactivate or activate",
    )
    def patch(
        self, request: Request, *, user_id: UUID, body: schemas.UserChange
    ) -> Response:
        staff_users.change_user(
            body,
            user_id=user_id,
            by=current_user(request),
            client=get_client(request),
        )
        return Response(
            serializers.StaffUser(selectors.get_user(user_id=user_id)).data
        )


class UserExport(AuthView):
    @operation(
        response=serializers.Export,
        errors=[NotFound],
        id="exportUser",
        tag="staff-users",
        summary="Everything that is known about a user who asks",
    )
    def get(self, request: Request, *, user_id: UUID) -> Response:
        export = privacy.export_user(
            user_id=user_id,
            client=get_client(request),
            by=current_user(request),
        )
        return Response(
            export,
            headers={
                "Content-Disposition": f'attachment; filename="{user_id}.json"'
            },
        )


class UserErase(AuthView):
    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, Unprocessable],
        id="eraseUser",
        tag="staff-users",
        summary="Anonymise a customer who asks, for good",
    )
    def post(self, request: Request, *, user_id: UUID) -> Response:
        privacy.erase_customer(
            user_id=user_id,
            client=get_client(request),
            by=current_user(request),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class ApiKeyList(AuthView):
    @operation(
        response=serializers.ApiKeys,
        id="listApiKeys",
        tag="staff-api-keys",
        summary="The keys of machines",
    )
    def get(self, request: Request) -> Response:
        keys = selectors.list_api_keys()
        return Response(serializers.ApiKeys({"items": keys}).data)

    @operation(
        body=schemas.CreateApiKey,
        response=serializers.NewApiKey,
        status=HTTPStatus.CREATED,
        errors=[errors.ApiKeyNameTaken],
        id="createApiKey",
        tag="staff-api-keys",
        summary="Make a key; its text is in this answer and nowhere else",
    )
    def post(self, request: Request, *, body: schemas.NewApiKey) -> Response:
        key, text = api_keys.create_api_key(
            body, by=current_user(request), client=get_client(request)
        )
        key.key = text  # type: ignore[attr-defined]  # for the serializer, this once
        return Response(serializers.NewApiKey(key).data, HTTPStatus.CREATED)


class ApiKeyDetail(AuthView):
    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
        id="revokeApiKey",
        tag="staff-api-keys",
        summary="End a key at once",
    )
    def delete(self, request: Request, *, key_id: UUID) -> Response:
        api_keys.revoke_api_key(
            key_id=key_id, by=current_user(request), client=get_client(request)
        )
        return Response(status=HTTPStatus.NO_CONTENT)
