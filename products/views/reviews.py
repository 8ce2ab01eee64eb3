"""Reviews: read by everybody, written by customers, moderated by staff."""

from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, PageTooDeep
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny, IsAuthenticated
from markrin.api.views import View
from markrin.cache.decorators import cached
from products import errors
from products.schemas import reviews as schemas
from products.selectors import review_lists
from products.serializers import reviews as serializers
from products.services import reviews
from products.views.access import get_user_id


class ReviewList(View):
    permission_classes = [IsAuthenticated]

    @cached(
        lambda request, data: [
            f"reviews:{request.parser_context['kwargs']['product_id']}"
        ],
        missing=["products"],
    )
    @operation(
        id="listReviews",
        tag="reviews",
        summary="List a product's reviews",
        query=schemas.ListReviews,
        response=serializers.ReviewPage,
        errors=[NotFound, PageTooDeep],
        permissions=[AllowAny],
    )
    def get(
        self, request: Request, *, product_id: UUID, query: schemas.ReviewFilter
    ) -> Response:
        return Response(
            serializers.ReviewPage(
                review_lists.list_reviews(query, product_id=product_id)
            ).data
        )

    @operation(
        id="createReview",
        tag="reviews",
        summary="Review a product, once",
        body=schemas.CreateReview,
        response=serializers.OwnReview,
        status=HTTPStatus.CREATED,
        errors=[NotFound, errors.AlreadyReviewed],
    )
    def post(
        self, request: Request, *, product_id: UUID, body: schemas.ReviewInput
    ) -> Response:
        review = reviews.create_review(
            body, product_id=product_id, user_id=get_user_id(request)
        )
        return Response(
            serializers.OwnReview(review).data, status=HTTPStatus.CREATED
        )


class OwnReview(View):
    @operation(
        id="getOwnReview",
        tag="reviews",
        summary="Show one's own review of a product",
        response=serializers.OwnReview,
        errors=[NotFound],
    )
    def get(self, request: Request, *, product_id: UUID) -> Response:
        review = review_lists.get_own_review(
            product_id=product_id, user_id=get_user_id(request)
        )
        return Response(serializers.OwnReview(review).data)


class ReviewDetail(View):
    @operation(
        id="updateReview",
        tag="reviews",
        summary="Change one's own review",
        body=schemas.UpdateReview,
        response=serializers.OwnReview,
        errors=[NotFound],
    )
    def patch(
        self,
        request: Request,
        *,
        product_id: UUID,
        review_id: UUID,
        body: schemas.ReviewChange,
    ) -> Response:
        review = reviews.update_review(
            body,
            product_id=product_id,
            review_id=review_id,
            user_id=get_user_id(request),
        )
        return Response(serializers.OwnReview(review).data)

    @operation(
        id="deleteReview",
        tag="reviews",
        summary="Delete one's own review",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
    )
    def delete(
        self, request: Request, *, product_id: UUID, review_id: UUID
    ) -> Response:
        reviews.delete_review(
            product_id=product_id, review_id=review_id, user_id=get_user_id(request)
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class StaffReviewList(View):
    @operation(
        id="listStaffReviews",
        tag="staff-reviews",
        summary="List reviews of any product and status",
        query=schemas.ListStaffReviews,
        response=serializers.StaffReviewPage,
        errors=[PageTooDeep],
    )
    def get(
        self, request: Request, *, query: schemas.StaffReviewFilter
    ) -> Response:
        return Response(
            serializers.StaffReviewPage(review_lists.list_staff_reviews(query)).data
        )


class StaffReviewDetail(View):
    @operation(
        id="moderateReview",
        tag="staff-reviews",
        summary="Hide a review, or show it again",
        body=schemas.ModerateReview,
        response=serializers.StaffReview,
        errors=[NotFound],
    )
    def patch(
        self, request: Request, *, review_id: UUID, body: schemas.Moderation
    ) -> Response:
        reviews.moderate_review(body, review_id=review_id)
        return Response(
            serializers.StaffReview(
                review_lists.get_staff_review(review_id=review_id)
            ).data
        )
