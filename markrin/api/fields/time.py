"""Moments and days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from markrin.api.fields.base import JSONSchema, Pattern, refuse


class Timestamp(Pattern[datetime]):
    """A moment with its offset, from 1900 to 2100 in UTC; becomes UTC, to the microsecond.
    Source: RFC 3339.
    """

    regex = re.compile(
        r"(?:19[0-9]{2}|20[0-9]{2}|2100)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
        r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
        r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
    )
    message = 'This must be a time with offset such as "2026-11-23T09:00:00Z", from 1900 to 2100.'

    def _check(self, value: object) -> datetime:
        text = self._text(value)
        try:
            moment = datetime.fromisoformat(text[:19].upper()).replace(
                tzinfo=_parse_offset(text)
            )
        except ValueError as exc:  # such as 30 February
            raise refuse("format", self.message) from exc
        micros = re.search(r"\.([0-9]+)", text)
        moment = moment.astimezone(
            UTC
        )  # cannot overflow: the form's years lie far from datetime's ends
        if not 1900 <= moment.year <= 2100:
            raise refuse("range", self.message)
        return moment.replace(
            microsecond=int(micros[1][:6].ljust(6, "0")) if micros else 0
        )

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "date-time"}


def _parse_offset(text: str) -> timezone:
    if text[-1] in "Zz":
        return UTC
    away = timedelta(hours=int(text[-5:-3]), minutes=int(text[-2:]))
    return timezone(-away if text[-6] == "-" else away)


class Date(Pattern[date]):
    """A calendar day from 1900 to 2100. Source: RFC 3339, full-date."""

    regex = re.compile(
        r"(?:19[0-9]{2}|20[0-9]{2}|2100)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    )
    message = 'This must be a day such as "2026-11-23", from 1900 to 2100.'

    def _check(self, value: object) -> date:
        try:
            return date.fromisoformat(self._text(value))
        except ValueError as exc:
            raise refuse("format", self.message) from exc

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "date"}
