"""`{% load localized %}`: amounts and dates in words, as `markrin.localized` writes them."""

from django import template

from markrin import localized

register = template.Library()
register.filter("day_in_words", localized.format_day)
register.filter("moment_in_words", localized.format_moment)
register.filter("money", localized.format_money)
