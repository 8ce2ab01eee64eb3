"""What changes around users: a function per use case, a file per noun."""

from accounts.services.addresses import add_address, change_address, delete_address
from accounts.services.emails import resend_verification, verify_email
from accounts.services.mails import (
    confirm_new_email_by_mail,
    invite_by_mail,
    report_new_device_by_mail,
    report_reuse_by_mail,
    reset_by_mail,
    verify_by_mail,
    warn_of_new_email_by_mail,
    welcome_by_mail,
)
from accounts.services.passwords import change_password, forgot_password, reset_password
from accounts.services.privacy import erase_customer, erase_me, export_user
from accounts.services.profile import change_profile
from accounts.services.purge import purge
from accounts.services.refresh import refresh
from accounts.services.sessions import (
    Tokens,
    end_sessions,
    logout_everywhere,
    open_session,
    revoke_session,
    sign_out_users,
)
from accounts.services.sign_in import (
    login,
    logout,
    presented_session,
    reauthenticate,
    register,
)
from accounts.services.staff import add_user, change_user
from accounts.services.wishlist import (
    clear_wishlist,
    put_on_wishlist,
    take_off_wishlist,
)

__all__ = [
    "Tokens",
    "add_address",
    "add_user",
    "change_address",
    "change_password",
    "change_profile",
    "change_user",
    "clear_wishlist",
    "confirm_new_email_by_mail",
    "delete_address",
    "end_sessions",
    "erase_customer",
    "erase_me",
    "export_user",
    "forgot_password",
    "invite_by_mail",
    "login",
    "logout",
    "logout_everywhere",
    "open_session",
    "presented_session",
    "purge",
    "put_on_wishlist",
    "reauthenticate",
    "refresh",
    "register",
    "report_new_device_by_mail",
    "report_reuse_by_mail",
    "resend_verification",
    "reset_by_mail",
    "reset_password",
    "revoke_session",
    "sign_out_users",
    "take_off_wishlist",
    "verify_by_mail",
    "verify_email",
    "warn_of_new_email_by_mail",
    "welcome_by_mail",
]
