"""Sensitive acts in the admin want a second factor, or where none is asked for the password,
that was given within settings.REAUTHENTICATION_S. `markrin/rights.py` says which.

Who has given it too long ago is asked in between, on the page that was asked for: what was
filled in comes along, and is done once the answer is right."""

import functools
import time
from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminPasswordWidget

from markrin import rights
from markrin.admin import hooks
from markrin.admin.forms import StrictForm
from markrin.admin.second_factor import FACTOR_AT, CodeForm, match_code
from markrin.admin.staff import get_staff

# In the session, in seconds since 1970.
_PASSWORD_AT = "password_given_at"  # noqa: S105 (a key, not a password)
_PREFIX = "recent-factor"
_METHOD = f"{_PREFIX}-method"
# They answer a GET with the file itself.
_GIVE_AT_ONCE = "_export_saved"

View = Callable[..., HttpResponseBase]


class _PasswordForm(StrictForm):
    password = forms.CharField(
        max_length=128,
        strip=False,
        widget=UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "current-password", "autofocus": ""}
        ),
    )


def demand_recent_factor(view: View, site: AdminSite) -> View:
    """Return the view, behind the question where the page is sensitive."""

    @functools.wraps(view)
    def asking(
        request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if not _is_sensitive(request):
            return view(request, *args, **kwargs)
        answer = _read_answer(request)
        error = ""
        if not _is_recent(request):
            if answer is None:
                return _ask(request, site, error="")
            error = _check_answer(request, answer)
            if error:
                return _ask(request, site, error=error)
        if answer is not None and answer["method"] == "GET":
            return HttpResponseRedirect(request.get_full_path())
        return view(request, *args, **kwargs)

    return asking


def _is_sensitive(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None or match.url_name is None:
        return False
    page = match.url_name
    if request.method != "POST" and not page.endswith(_GIVE_AT_ONCE):
        return False
    step = str(match.kwargs.get("name", ""))
    return not rights.list_acts().isdisjoint({(page, ""), (page, step)})


def _is_recent(request: HttpRequest) -> bool:
    name = FACTOR_AT if settings.ADMIN_SECOND_FACTOR else _PASSWORD_AT
    given_at = request.session.get(name, 0)
    return bool(0 <= time.time() - given_at <= settings.REAUTHENTICATION_S)


def _read_answer(request: HttpRequest) -> dict[str, str] | None:
    """Take the answer to the question out of the request, which is then what was first asked."""
    if request.method != "POST" or _METHOD not in request.POST:
        return None
    given = request.POST.copy()
    names = [name for name in given if name.startswith(f"{_PREFIX}-")]
    answer = {name.removeprefix(f"{_PREFIX}-"): str(given[name]) for name in names}
    for name in names:
        del given[name]
    request.POST = given  # type: ignore[assignment]  # a QueryDict as it was
    return answer


def _check_answer(request: HttpRequest, answer: dict[str, str]) -> str:
    """Return "" and note the time if the answer is right, else what is wrong with it."""
    user = get_staff(request)
    if settings.ADMIN_SECOND_FACTOR:
        form: StrictForm = CodeForm(answer)
        is_right = form.is_valid() and match_code(user, form.cleaned_data["code"])
        name, error = FACTOR_AT, "This code is not right, or too many were tried."
    else:
        form = _PasswordForm(answer)
        # With the limits of signing in.
        is_right = form.is_valid() and user == authenticate(
            request,
            username=user.get_username(),
            password=form.cleaned_data["password"],
        )
        name, error = _PASSWORD_AT, "This is not right, or too many were tried."
    hooks.factor_given(request=request, succeeded=bool(is_right))
    if not is_right:
        return error
    request.session[name] = time.time()
    return ""


def _ask(request: HttpRequest, site: AdminSite, *, error: str) -> HttpResponseBase:
    form_class = CodeForm if settings.ADMIN_SECOND_FACTOR else _PasswordForm
    # No password that was filled in is written into a page: its form asks once more.
    filled_in = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and "password" not in name
        for value in values
    ]
    context = {
        **site.each_context(request),
        "title": "Is it still you?",
        "form": form_class(prefix=_PREFIX),
        "error": error,
        "filled_in": filled_in,
        "method_field": _METHOD,
        "method": request.method,
        "minutes": settings.REAUTHENTICATION_S // 60,
    }
    return TemplateResponse(
        request, "admin/recent_factor.html", context, status=403
    )


def note_password(*, request: HttpRequest, **kwargs: object) -> None:
    """Note in the session when the password was given (Django's signal of a sign-in)."""
    request.session[_PASSWORD_AT] = time.time()


def connect() -> None:
    """Have sign-ins to the admin noted; called once, at start."""
    user_logged_in.connect(
        note_password, dispatch_uid="markrin.admin.recent_factor"
    )
