"""A tiny shop for the cache's own tests: a view marked `cached`, one that is not, and what
they have rendered.
"""

from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from markrin.api import errors, fields, problems
from markrin.api.operations import operation
from markrin.api.schemas import QuerySchema
from markrin.api.views import View
from markrin.cache.decorators import cached

rendered: list[str] = []
stock = {"shirt": 3}


class Query(QuerySchema):
    size = fields.Text(max=5)
    color = fields.Text(max=5)


class Shelf(View):
    permission_classes = [AllowAny]

    @cached(
        lambda request, data: [f"shelf:{data['name']}", "shelves"],
        missing=["shelves"],
    )
    @operation(
        id="getShelf", tag="test", summary="A shelf", query=Query, response=None
    )
    def get(self, request, *, name, query):
        rendered.append(name)
        if name not in stock:
            raise errors.NotFound
        return Response(
            {
                "name": name,
                "stock": stock[name],
                "query": query,
                "text": "cotton " * 200,
            }
        )


class Till(View):
    permission_classes = [AllowAny]

    @operation(id="getTill", tag="test", summary="Never kept", response=None)
    def get(self, request):
        rendered.append("till")
        return Response({"open": True})


urlpatterns = [
    path("api/shelves/<str:name>", Shelf.as_view()),
    path("api/till", Till.as_view()),
]
handler404 = problems.handler404
