"""The admin: django-unfold's pages, behind a second factor where
settings.ADMIN_SECOND_FACTOR asks for one.
"""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import urlencode
from unfold.sites import UnfoldAdminSite

from markrin.admin import recent_factor, second_factor

# What holds keys and tokens has no page.
SECRET_APPS = frozenset({"otp_totp", "otp_static", "token_blacklist"})
# The scripts of the pages (Alpine) compile expressions that stand in the markup.
_scripts_may_compile = csp_update({"script-src": ["'unsafe-eval'"]})


class AdminSite(UnfoldAdminSite):
    """Whoever has given the password but not the code sees the page that asks for it, and
    nothing else.

    `extra_pages` make the pages that belong to no model; who owns them adds them at start.
    """

    extra_pages: ClassVar[list[Callable[["AdminSite"], list[URLPattern]]]] = []

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may see any page."""
        return bool(super().has_permission(request)) and not self._lacks_factor(
            request
        )

    def _lacks_factor(self, request: HttpRequest) -> bool:
        return settings.ADMIN_SECOND_FACTOR and not request.user.is_verified()  # type: ignore[union-attr]  # OTPMiddleware's

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the password, and then lead on to the code."""
        if (
            request.method == "GET"
            and super().has_permission(request)
            and self._lacks_factor(request)
        ):
            after = request.GET.get(
                REDIRECT_FIELD_NAME, reverse(f"{self.name}:index")
            )
            query = urlencode({REDIRECT_FIELD_NAME: after})
            return HttpResponseRedirect(
                f"{reverse(f'{self.name}:second-factor')}?{query}"
            )
        asking: Any = _scripts_may_compile(super().login)
        return cast(HttpResponse, asking(request, extra_context))

    def admin_view(
        self, view: Any, cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Return the view, for those who may see it; sensitive acts want a recent factor."""
        asking = recent_factor.demand_recent_factor(view, self)
        wrapped: Callable[..., HttpResponseBase] = _scripts_may_compile(
            super().admin_view(asking, cacheable)
        )
        return wrapped

    def second_factor(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a code, or at the first sign-in set it up."""
        if not super().has_permission(request):
            return HttpResponseRedirect(reverse(f"{self.name}:login"))
        return second_factor.show_page(
            request, site_context=self.each_context(request)
        )

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the site's URLs."""
        asking = _scripts_may_compile(self.second_factor)
        return [
            path("second-factor/", asking, name="second-factor"),
            *(page for pages in self.extra_pages for page in pages(self)),
            *super().get_urls(),
        ]

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: object
    ) -> None:
        """Register models, apart from those that a library registers and that hold secrets."""
        models = (
            model_or_iterable
            if isinstance(model_or_iterable, list | tuple)
            else [model_or_iterable]
        )
        shown = [
            model for model in models if model._meta.app_label not in SECRET_APPS
        ]
        if shown:
            super().register(shown, admin_class, **options)
