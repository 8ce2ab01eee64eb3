"""The admin's sign-in, under the same limits and with the same log as the API's."""

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


class PasswordBackend(ModelBackend):
    """E-mail and password, limited. Permissions of groups come from ModelBackend."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: object,
    ) -> User | None:
        """Return the user whose password it is.

        Raises:
            PermissionDenied: it is not, or there were too many attempts; Django then asks
                no further backend.
        """
        from accounts.client_info import ClientInfo
        from accounts.schemas import Credentials
        from accounts.services import credentials
        from markrin.api.errors import ShopError

        if username is None or password is None:
            return None
        client = (
            ClientInfo.from_request(request)
            if request is not None
            else ClientInfo()
        )
        try:
            given = Credentials(email=username, password=password)
            return credentials.authenticate_user(given, client=client)
        except ShopError as exc:
            raise PermissionDenied from exc
