"""The shop's addresses, and some that break down."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny

from accounts.models import User
from markrin import urls
from markrin.api import errors, fields, schemas, views
from markrin.api.operations import operation


class Breakage(schemas.InputSchema):
    how = fields.Text(max=20, required=True)
    email = fields.Text(max=200, required=True)
    password = fields.Secret(min=1, max=200, required=True)
    phone = fields.Text(max=30, required=True)
    street = fields.Text(max=200, required=True)
    card = fields.Text(max=30, required=True)


class Crash(views.View):
    permission_classes = [AllowAny]

    @operation(
        body=Breakage, status=204, id="crash", tag="tests", summary="Break down"
    )
    def post(self, request, *, body):
        break_down(**body)


def break_down(
    *, how: str, email: str, password: str, phone: str, street: str, card: str
) -> None:
    """Fail in one of the ways that code which handles such values fails."""
    match how:
        case "refusal":
            raise errors.Conflict("somebody was faster")
        case "message":
            raise RuntimeError(
                f"no luck with {email}, {password}, {phone}, {street} and {card}"
            )
        case "key":
            dict.fromkeys("x")[street]
        case "unique":
            User.objects.create_user(email, password, name=street, phone=phone)
            User.objects.create_user(email, password, name=street, phone=phone)
        case "check":
            User.objects.create_user(
                email, password, name=street, phone="x" + phone.strip("+")[:12]
            )
        case "type":
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s::int", [street])
        case "syntax":
            with connection.cursor() as cursor:
                cursor.execute(f"SELEKT '{street}', '{card}'")


@csrf_exempt
def page(request: HttpRequest) -> HttpResponse:
    """A page that is not the API's: Django itself answers for its failure."""
    raise RuntimeError(
        f"the page cannot show {request.POST['street']} of {request.GET['token']}"
    )


handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)
urlpatterns = [
    path("api/crash", Crash.as_view()),
    path("crash-page", page),
    *urls.urlpatterns,
]
