"""Signing keys, and the settings that the shop refuses to start with."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import checks
from dev.stack import ROOT

KEY = {"kid": "a", "secret": "a" * 32}
OTHER = {"kid": "b", "secret": "b" * 32}


def printed(capsys: Any, *arguments: str) -> list[dict[str, str]]:
    """Run new_signing_key and return what it prints."""
    call_command("new_signing_key", *arguments)
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.asvs("11.2.2")
def test_a_key_is_added_promoted_and_dropped(settings, capsys):
    settings.JWT_KEYS = [KEY]
    keys = printed(capsys)
    assert keys[0] == KEY
    assert len(keys[1]["secret"].encode()) >= 32
    settings.JWT_KEYS = keys
    assert checks.signing_keys(None) == []
    settings.JWT_KEYS = printed(capsys, "--promote", keys[1]["kid"])
    assert [keys[1], KEY] == settings.JWT_KEYS
    assert printed(capsys, "--drop", "a") == [keys[1]]


@pytest.mark.parametrize(
    "arguments", [("--drop", "a"), ("--drop", "x"), ("--promote", "x")]
)
def test_a_key_that_signs_or_is_none_is_not_dropped(settings, arguments):
    settings.JWT_KEYS = [KEY, OTHER]
    with pytest.raises(CommandError):
        call_command("new_signing_key", *arguments)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no key": ({"JWT_KEYS": []}, "E001"),
    "no list": ({"JWT_KEYS": "secret"}, "E001"),
    "no kid": ({"JWT_KEYS": [{"secret": "a" * 32}]}, "E002"),
    "kid twice": ({"JWT_KEYS": [KEY, KEY]}, "E003"),
    "31 bytes": ({"JWT_KEYS": [{"kid": "a", "secret": "a" * 31}]}, "E004"),
    "SECRET_KEY": (
        {"JWT_KEYS": [{"kid": "a", "secret": "s" * 50}], "SECRET_KEY": "s" * 50},
        "E005",
    ),
    "the source's": (
        {
            "JWT_KEYS": [{"kid": "a", "secret": "debug-only-" + "1" * 50}],
            "DEBUG": False,
        },
        "E006",
    ),
    "plain cookie": ({"REFRESH_COOKIE_SECURE": False, "DEBUG": False}, "E007"),
    "any origin": ({"AUTH_ORIGINS": ["*"]}, "E008"),
    "null": ({"CORS_ALLOWED_ORIGINS": ["null"]}, "E008"),
    "a path": ({"AUTH_ORIGINS": ["https://shop.example/"]}, "E008"),
    "a proxy's name": ({"TRUSTED_PROXIES": ["proxy.local"]}, "E009"),
    "a limit": ({"RATE_LIMITS": {"api": "many"}}, "E010"),
    "transactions": ({"DATABASES": {"default": {"ATOMIC_REQUESTS": True}}}, "E011"),
}


@pytest.mark.asvs("11.2.3", "13.2.3")
@pytest.mark.parametrize("name", BAD)
def test_unsafe_settings_are_refused(settings, name):
    changes, wanted = BAD[name]
    settings.JWT_KEYS, settings.REFRESH_COOKIE_SECURE = [KEY, OTHER], True
    if name == "transactions":
        settings.DATABASES["default"]["ATOMIC_REQUESTS"] = True
    else:
        for setting, value in changes.items():
            setattr(settings, setting, value)
    try:
        found = [
            problem.id
            for check in (
                checks.signing_keys,
                checks.cookie_and_origins,
                checks.addresses_and_limits,
            )
            for problem in check(None)
        ]
    finally:
        settings.DATABASES["default"]["ATOMIC_REQUESTS"] = False
    assert found == [f"accounts.{wanted}"]


def test_a_shop_that_is_set_up_right_has_nothing_to_complain_of():
    env = os.environ | {
        "DEBUG": "0",
        "ALLOWED_HOSTS": "shop.example",
        "SHOP_URL": "https://shop.example",
        "SECRET_KEY": "kq8-very-long-and-random-7rTz_2mWc!9vXbNhJdLpQsEaYuGfKo",
        "JWT_KEYS": json.dumps(
            [{"kid": "2026", "secret": "Zk3-another-long-and-random-one-5hG"}]
        ),
        "MAIL_FROM": "shop@shop.example",
        "MAIL_DOMAIN": "shop.example",
        "EMAIL_URL": "smtp://localhost:25",
        "RATE_LIMIT_SCALE": "1",
        "ONLINE_PROVIDER": "razorpay",
        "RAZORPAY_KEY_ID": "x",
        "RAZORPAY_KEY_SECRET": "x",
        "RAZORPAY_WEBHOOK_SECRET": "x",
    }
    command = [
        sys.executable,
        "manage.py",
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
    ]
    done = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr
    env["JWT_KEYS"] = "[]"
    refused = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "accounts.E001" in refused.stderr
