"""Inventory feeds, for staff: sent, looked at, let through or not."""

from http import HTTPStatus
from uuid import UUID

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.views import View
from products import errors
from products.schemas import feeds as schemas
from products.selectors import feed_reports as selectors
from products.serializers import feeds as serializers
from products.services.feeds import staging as services


class FeedList(View):
    @operation(
        id="listFeeds",
        tag="staff-stock",
        summary="List inventory feeds, the newest first",
        query=schemas.ListFeeds,
        response=serializers.FeedPage,
    )
    def get(self, request: Request, *, query: schemas.FeedFilter) -> Response:
        return Response(serializers.FeedPage(selectors.list_feeds(query)).data)

    @operation(
        id="sendFeed",
        tag="staff-stock",
        summary="Send an inventory feed; the same one again is answered with the first",
        upload=schemas.UploadFeed,
        response=serializers.Feed,
        status=HTTPStatus.CREATED,
        errors=[errors.FeedUnreadable, errors.FeedSequenceTaken],
        extra_responses={200: "It was sent before."},
    )
    def post(self, request: Request, *, upload: schemas.UploadedFeed) -> Response:
        feed, new = services.stage_upload(upload)
        return Response(
            serializers.Feed(feed).data,
            HTTPStatus.CREATED if new else HTTPStatus.OK,
        )


class FeedDetail(View):
    @operation(
        id="getFeed",
        tag="staff-stock",
        summary="Show how far an inventory feed has come",
        response=serializers.Feed,
        errors=[NotFound],
    )
    def get(self, request: Request, *, feed_id: UUID) -> Response:
        return _show_feed(feed_id)


class FeedReport(View):
    @operation(
        id="getFeedReport",
        tag="staff-stock",
        summary="Get the rows that were rejected or conflict, with reasons",
        response="file:text/csv",
        errors=[NotFound],
    )
    def get(self, request: Request, *, feed_id: UUID) -> StreamingHttpResponse:
        feed = selectors.get_feed(feed_id=feed_id)
        name = f"{feed.source}-{feed.sequence}.csv"
        return StreamingHttpResponse(
            selectors.write_report(feed_id=feed_id),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
            },
        )


class FeedRelease(View):
    @operation(
        id="releaseFeed",
        tag="staff-stock",
        summary="Let a held feed be applied after all",
        response=serializers.Feed,
        errors=[NotFound, errors.FeedNotHeld],
    )
    def post(self, request: Request, *, feed_id: UUID) -> Response:
        services.release_feed(feed_id=feed_id)
        return _show_feed(feed_id)


class FeedDiscard(View):
    @operation(
        id="discardFeed",
        tag="staff-stock",
        summary="Close a held feed without applying it",
        response=serializers.Feed,
        errors=[NotFound, errors.FeedNotHeld],
    )
    def post(self, request: Request, *, feed_id: UUID) -> Response:
        services.discard_feed(feed_id=feed_id)
        return _show_feed(feed_id)


def _show_feed(feed_id: UUID) -> Response:
    return Response(serializers.Feed(selectors.get_feed(feed_id=feed_id)).data)
