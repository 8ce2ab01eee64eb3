"""Who is signed in to the admin."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest


def get_staff(request: HttpRequest) -> AbstractBaseUser:
    """Return who is signed in. Every page of the admin has somebody: its views ask for one."""
    user = request.user
    if not isinstance(user, AbstractBaseUser):
        raise TypeError("this page is shown to staff only")
    return user
