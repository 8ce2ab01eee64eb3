"""A class per URL: load, call, serialize."""

from datetime import date, timedelta
from http import HTTPStatus

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import csv_response, days, schemas, serializers
from analytics.selectors import reports, stats
from analytics.services import events
from markrin.api import client_address
from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.views import View

_DEFAULT_DAYS = 30


class EventList(View):
    permission_classes = [AllowAny]
    authentication_classes: list[type[BaseAuthentication]] = []

    @operation(
        body=schemas.RecordEvents,
        response=serializers.Accepted,
        status=HTTPStatus.ACCEPTED,
        media_types=("application/json", "text/plain"),
        max_bytes=32_768,
        id="recordEvents",
        tag="analytics",
        summary="Tell what a shopper did, in batches",
    )
    def post(self, request: Request, *, body: schemas.EventBatch) -> Response:
        accepted = events.record_events(
            events=body.events,
            address=client_address.get_client_address(request._request),
            user_agent=request.headers.get("User-Agent", ""),
            now=timezone.now(),
        )
        return Response(
            serializers.Accepted({"accepted": accepted}).data, HTTPStatus.ACCEPTED
        )


class StatsDetail(View):
    @operation(
        query=schemas.Period,
        response=serializers.Stats,
        id="getStats",
        tag="staff-reports",
        summary="The shop's numbers, beside those of the period before",
    )
    def get(self, request: Request, *, query: schemas.AskedPeriod) -> Response:
        first, last = _resolve_period(query)
        return Response(
            serializers.Stats(stats.get_stats(first=first, last=last)).data
        )


class ReportDetail(View):
    @operation(
        query=schemas.Report,
        response=[serializers.Report, "file:text/csv"],
        errors=[NotFound],
        id="getReport",
        tag="staff-reports",
        summary="A report: sales, funnel, products, categories, searches, money or stock",
    )
    def get(
        self, request: Request, *, name: str, query: schemas.AskedReport
    ) -> Response | HttpResponse:
        if name not in reports.REPORTS:
            raise NotFound
        first, last = _resolve_period(query)
        report = reports.get_report(
            name=name, first=first, last=last, interval=query.interval
        )
        if query.format == schemas.Format.CSV:
            return csv_response.build_csv_response(report)
        return Response(serializers.Report(report).data)


def _resolve_period(period: schemas.AskedPeriod) -> tuple[date, date]:
    """Return the first and last day: 30 days where nothing, or only one end, is given."""
    span = timedelta(days=_DEFAULT_DAYS - 1)
    if period.last is not None:
        return period.first or period.last - span, period.last
    if period.first is not None:
        return period.first, period.first + span
    today = days.get_day(timezone.now())
    return today - span, today
