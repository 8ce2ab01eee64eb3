"""docs/settings.md lists every setting."""

import re

from django.conf import settings
from django.core.management import call_command

from markrin.ops.management.commands import write_settings_docs


def test_the_document_is_up_to_date() -> None:
    call_command("write_settings_docs", "--check")


def test_it_lists_every_name_that_settings_read() -> None:
    source = write_settings_docs.SOURCE.read_text()
    names = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source))
    listed = re.findall(
        r"^\| `([A-Z_]+)` \|", write_settings_docs.render_docs(), re.MULTILINE
    )
    assert set(listed) == names
    assert len(names) > 50
    assert settings.SHOP_NAME == "Markrin"
