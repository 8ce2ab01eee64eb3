"""The admin's second factor: a code of an authenticator app (TOTP), or one of ten recovery codes.

Source: RFC 6238. Wrong codes make the device wait, twice as long each time (django-otp's
throttling)."""

import time
from base64 import b32encode
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login, match_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.widgets import UnfoldAdminTextInputWidget

from markrin.admin import hooks
from markrin.admin.forms import StrictForm

RECOVERY_CODES = 10
FACTOR_AT = "factor_given_at"  # in the session, in seconds since 1970


class CodeForm(StrictForm):
    """The field for six digits or a recovery code."""

    code = forms.CharField(
        max_length=16,
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "autocomplete": "one-time-code",
                "autofocus": "",
                "inputmode": "text",
                "spellcheck": "false",
            }
        ),
    )

    def clean_code(self) -> str:
        """Return the code without the spaces that people put into it."""
        return "".join(str(self.cleaned_data["code"]).split()).lower()


@sensitive_post_parameters("code")
@csrf_protect
@never_cache
def show_page(
    request: HttpRequest, *, site_context: Mapping[str, object]
) -> HttpResponseBase:
    """Ask who has given the password for a code; at the first sign-in show what the app
    needs to make one.
    """
    user: Any = request.user
    if user.is_verified():
        return HttpResponseRedirect(_next_url(request))
    enrolled = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    form = CodeForm(request.POST or None)
    context: dict[str, object] = {
        **site_context,
        "title": "Second factor",
        "form": form,
        "next": _next_url(request),
    }
    if form.is_valid():
        code = form.cleaned_data["code"]
        device = match_code(user, code) if enrolled else _confirm_device(user, code)
        hooks.factor_given(request=request, succeeded=device is not None)
        if device is not None:
            login(request, device)
            request.session[FACTOR_AT] = time.time()
            request.session.cycle_key()
            if enrolled:
                return HttpResponseRedirect(_next_url(request))
            context["recovery_codes"] = make_recovery_codes(user)
            return TemplateResponse(request, "admin/second_factor.html", context)
        form.add_error(
            "code", "This code is not right, or too many were tried: wait a little."
        )
    if not enrolled:
        device, _ = TOTPDevice.objects.get_or_create(
            user=user, confirmed=False, defaults={"name": "authenticator app"}
        )
        context |= {
            "qr": _draw_qr_code(device.config_url),
            "key": _readable_key(device),
        }
    return TemplateResponse(request, "admin/second_factor.html", context)


def _next_url(request: HttpRequest) -> str:
    url = (
        request.POST.get(REDIRECT_FIELD_NAME)
        or request.GET.get(REDIRECT_FIELD_NAME)
        or ""
    )
    ours = url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    )
    return url if ours else reverse("admin:index")


@transaction.atomic
def _confirm_device(user: AbstractBaseUser, code: str) -> TOTPDevice | None:
    """Return the user's new device if the code is its, which is then theirs for good.
    Locks: the device.
    """
    device = (
        TOTPDevice.objects.select_for_update()
        .filter(user=user, confirmed=False)
        .first()
    )
    if device is None or not device.verify_token(code):
        return None
    device.confirmed = True
    device.save()
    return device


def match_code(user: AbstractBaseUser, code: str) -> Device | None:
    """Return the user's device whose code this is, and use the code up; None if there is none,
    or it waits after wrong ones. `code` is six digits, or a recovery code.
    """
    sent = "".join(code.split()).lower()
    found: Device | None = match_token(
        user, sent if len(sent) == 6 else _hash_recovery_code(user, sent)
    )
    return found


def _hash_recovery_code(user: AbstractBaseUser, code: str) -> str:
    """Return what is kept of a recovery code: 80 bits of an HMAC under SECRET_KEY, so that who
    reads the table cannot try the codes' 40 bits out.
    """
    digest = salted_hmac(f"recovery code of {user.pk}", code, algorithm="sha256")
    return b32encode(digest.digest()[:10]).decode().lower()


@transaction.atomic
def make_recovery_codes(user: AbstractBaseUser) -> list[str]:
    """Make the codes for when the app is lost, in place of older ones; each works once, and
    only its hash is kept.
    """
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(
        [
            StaticToken(device=device, token=_hash_recovery_code(user, code))
            for code in codes
        ]
    )
    return codes


def _draw_qr_code(text: str) -> SafeString:
    import qrcode  # not above: drawn once for each member of staff, on no start's time
    import qrcode.image.svg

    # Drawn here, as an address that holds the key must reach nobody else.
    drawn = qrcode.make(
        text, image_factory=qrcode.image.svg.SvgPathImage, box_size=8
    )
    return SafeString(drawn.to_string(encoding="unicode"))


def _readable_key(device: TOTPDevice) -> str:
    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def remove_devices(user: AbstractBaseUser) -> int:
    """Remove the user's factor, who has lost it; they set up another at the next sign-in.
    Return how many devices.
    """
    removed = TOTPDevice.objects.filter(user=user).delete()[0]
    StaticDevice.objects.filter(user=user).delete()
    return int(removed)
