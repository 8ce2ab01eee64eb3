"""Every mail of the shop, rendered with made-up data: what staff look at before a customer does.

An app says in its `mail_samples.py` what its templates are given: `SAMPLES =
{"orders/placed": a function that returns the context}`, with instances that are nowhere
stored. A mail that reads otherwise in another case has a sample for it behind a colon:
`"orders/placed:exchange"`."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.utils import translation
from django.utils.module_loading import module_has_submodule

from markrin.mail import markup
from markrin.mail.markup import Rendered

Sample = Callable[[], dict[str, object]]


@cache
def mail_samples() -> dict[str, Sample]:
    """Return, by the names of the mails in order, the functions that make their sample data."""
    samples: dict[str, Sample] = {}
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(
            config.module, "mail_samples"
        ):
            samples |= import_module(f"{config.name}.mail_samples").SAMPLES
    return dict(sorted(samples.items()))


def render_sample(name: str, *, language: str | None = None) -> Rendered:
    """Render a mail with its made-up data, in this language, by default the shop's.

    Raises:
        KeyError: there is no such mail.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        sample = mail_samples()[name]()  # its days are in the language, too
    return markup.render_template(template_of(name), sample, language=language)


def template_of(name: str) -> str:
    """Return the name of the template that a sample is for."""
    return name.partition(":")[0]
