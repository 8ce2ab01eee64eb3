"""The limit of the whole API, as DRF asks for it before each call."""

import math
from typing import Any

from rest_framework.throttling import BaseThrottle

from markrin.api import client_address
from markrin.api.limit_leases import leases
from markrin.api.rate_limits import Limit


class ApiThrottle(BaseThrottle):
    """The limit `api`, for each client: a user, or else a network."""

    _wait: float | None = None

    def allow_request(self, request: Any, view: Any) -> bool:
        """Count the request; return whether it may go on."""
        user, limit = request.user, Limit.named("api")
        if user is not None and user.is_authenticated:
            self._wait = leases.count_request(limit, "user", str(user.pk))
        else:
            self._wait = leases.count_request(
                limit,
                "network",
                client_address.network_of(
                    client_address.get_client_address(request._request)
                ),
            )
        return self._wait is None

    def wait(self) -> float | None:
        """Return the seconds until the next one is allowed."""
        return None if self._wait is None else math.ceil(self._wait)
