"""The map of requests around users, below `api/`: path → view."""

from django.urls import path

from accounts.views import auth, own, staff

urlpatterns = [
    path("auth/register", auth.Register.as_view()),
    path("auth/login", auth.Login.as_view()),
    path("auth/second-factor", auth.GiveSecondFactor.as_view()),
    path("auth/second-factor/confirm", auth.ConfirmSecondFactor.as_view()),
    path("auth/refresh", auth.Refresh.as_view()),
    path("auth/logout", auth.Logout.as_view()),
    path("auth/logout-all", auth.LogoutAll.as_view()),
    path("auth/reauthenticate", auth.Reauthenticate.as_view()),
    path("auth/sessions", auth.SessionList.as_view()),
    path("auth/sessions/<uid:session_id>", auth.SessionDetail.as_view()),
    path("auth/password/change", auth.ChangePassword.as_view()),
    path("auth/password/forgot", auth.ForgotPassword.as_view()),
    path("auth/password/reset", auth.ResetPassword.as_view()),
    path("auth/email/verify", auth.VerifyEmail.as_view()),
    path("auth/email/verify/resend", auth.ResendVerification.as_view()),
    path("auth/profile", auth.Profile.as_view()),
    path("auth/export", auth.Export.as_view()),
    path("auth/erase", auth.Erase.as_view()),
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
