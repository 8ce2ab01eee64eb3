"""The map of requests around users, below `api/`: path → view."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("auth/register", views.Register.as_view()),
    path("auth/login", views.Login.as_view()),
    path("auth/refresh", views.Refresh.as_view()),
    path("auth/logout", views.Logout.as_view()),
    path("auth/logout-all", views.LogoutEverywhere.as_view()),
    path("auth/reauthenticate", views.Reauthenticate.as_view()),
    path("auth/sessions", views.Sessions.as_view()),
    path("auth/sessions/<uid:id>", views.OneSession.as_view()),
    path("auth/password/change", views.ChangePassword.as_view()),
    path("auth/password/forgot", views.ForgotPassword.as_view()),
    path("auth/password/reset", views.ResetPassword.as_view()),
    path("auth/email/verify", views.VerifyEmail.as_view()),
    path("auth/email/verify/resend", views.ResendVerification.as_view()),
    path("auth/profile", views.Profile.as_view()),
    path("auth/export", views.Export.as_view()),
    path("auth/erase", views.Erase.as_view()),
    path("addresses", views.Addresses.as_view()),
    path("addresses/<uid:id>", views.OneAddress.as_view()),
    path("wishlist", views.Wishlist.as_view()),
    path("wishlist/<uid:product_id>", views.OneWish.as_view()),
    path("staff/users", views.Users.as_view()),
    path("staff/users/<uid:id>", views.OneUser.as_view()),
    path("staff/users/<uid:id>/export", views.UserExport.as_view()),
    path("staff/users/<uid:id>/erase", views.UserErase.as_view()),
]
