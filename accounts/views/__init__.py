"""A class per URL: load, call, serialize."""

from accounts.views.auth import (
    ChangePassword,
    Erase,
    Export,
    ForgotPassword,
    Login,
    Logout,
    LogoutEverywhere,
    OneSession,
    Profile,
    Reauthenticate,
    Refresh,
    Register,
    ResendVerification,
    ResetPassword,
    Sessions,
    VerifyEmail,
)
from accounts.views.own import Addresses, OneAddress, OneWish, Wishlist
from accounts.views.staff import OneUser, UserErase, UserExport, Users

__all__ = [
    "Addresses",
    "ChangePassword",
    "Erase",
    "Export",
    "ForgotPassword",
    "Login",
    "Logout",
    "LogoutEverywhere",
    "OneAddress",
    "OneSession",
    "OneUser",
    "OneWish",
    "Profile",
    "Reauthenticate",
    "Refresh",
    "Register",
    "ResendVerification",
    "ResetPassword",
    "Sessions",
    "UserErase",
    "UserExport",
    "Users",
    "VerifyEmail",
    "Wishlist",
]
