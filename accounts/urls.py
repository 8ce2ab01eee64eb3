"""The map of requests around users, below `api/`: path → view."""

from django.urls import path

from accounts.views import account, auth, own, staff

urlpatterns = [
    path("auth/register", auth.Register.as_view()),
    path("auth/login", auth.Login.as_view()),
    path("auth/second-factor", auth.GiveSecondFactor.as_view()),
    path("auth/second-factor/confirm", auth.ConfirmSecondFactor.as_view()),
    path("auth/refresh", auth.Refresh.as_view()),
    path("auth/logout", auth.Logout.as_view()),
    path("auth/logout-all", auth.LogoutAll.as_view()),
    path("auth/reauthenticate", auth.Reauthenticate.as_view()),
    path("auth/sessions", account.SessionList.as_view()),
    path("auth/sessions/<uid:session_id>", account.SessionDetail.as_view()),
    path("auth/password/change", account.ChangePassword.as_view()),
    path("auth/password/forgot", account.ForgotPassword.as_view()),
    path("auth/password/reset", account.ResetPassword.as_view()),
    path("auth/email/verify", account.VerifyEmail.as_view()),
    path("auth/email/verify/resend", account.ResendVerification.as_view()),
    path("auth/profile", account.Profile.as_view()),
    path("auth/export", account.Export.as_view()),
    path("auth/erase", account.Erase.as_view()),
    path("addresses", own.AddressList.as_view()),
    path("addresses/<uid:address_id>", own.AddressDetail.as_view()),
    path("wishlist", own.WishlistItemList.as_view()),
    path("wishlist/<uid:product_id>", own.WishlistItemDetail.as_view()),
    path("staff/keys", staff.ApiKeyList.as_view()),
    path("staff/keys/<uid:key_id>", staff.ApiKeyDetail.as_view()),
    path("staff/users", staff.UserList.as_view()),
    path("staff/users/<uid:user_id>", staff.UserDetail.as_view()),
    path("staff/users/<uid:user_id>/export", staff.UserExport.as_view()),
    path("staff/users/<uid:user_id>/erase", staff.UserErase.as_view()),
]
