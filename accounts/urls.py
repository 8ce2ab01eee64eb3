"""The map of requests around users, below `api/`: path → view."""

from django.urls import include, path

from accounts.views import account, auth, own, staff

_auth = [
    path("register", auth.Register.as_view()),
    path("login", auth.Login.as_view()),
    path("second-factor", auth.GiveSecondFactor.as_view()),
    path("second-factor/confirm", auth.ConfirmSecondFactor.as_view()),
    path("refresh", auth.Refresh.as_view()),
    path("logout", auth.Logout.as_view()),
    path("logout-all", auth.LogoutAll.as_view()),
    path("reauthenticate", auth.Reauthenticate.as_view()),
    path("sessions", account.SessionList.as_view()),
    path("sessions/<uid:session_id>", account.SessionDetail.as_view()),
    path("password/change", account.ChangePassword.as_view()),
    path("password/forgot", account.ForgotPassword.as_view()),
    path("password/reset", account.ResetPassword.as_view()),
    path("email/verify", account.VerifyEmail.as_view()),
    path("email/verify/resend", account.ResendVerification.as_view()),
    path("profile", account.Profile.as_view()),
    path("export", account.Export.as_view()),
    path("erase", account.Erase.as_view()),
]
_staff = [
    path("keys", staff.ApiKeyList.as_view()),
    path("keys/<uid:key_id>", staff.ApiKeyDetail.as_view()),
    path("users", staff.UserList.as_view()),
    path("users/<uid:user_id>", staff.UserDetail.as_view()),
    path("users/<uid:user_id>/export", staff.UserExport.as_view()),
    path("users/<uid:user_id>/erase", staff.UserErase.as_view()),
]
# Each is tried in turn: what begins alike stands together, and costs the others one try.
urlpatterns = [
    path("auth/", include(_auth)),
    path("addresses", own.AddressList.as_view()),
    path("addresses/<uid:address_id>", own.AddressDetail.as_view()),
    path("wishlist", own.WishlistItemList.as_view()),
    path("wishlist/<uid:product_id>", own.WishlistItemDetail.as_view()),
    path("staff/", include(_staff)),
]
