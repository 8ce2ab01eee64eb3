"""The README's purchase, run by a shell as it stands there, and its links."""

import re
import subprocess

import pytest

from orders.models import Order
from tests import services
from tests.docs.blocks import ROOT, read_blocks
from tests.factories import make_product, make_variant


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.real_time
def test_the_purchase_by_curl():
    make_variant(product=make_product(name="Linen shirt"), stock=3)
    (script,) = read_blocks("README.md", "sh").values()
    with services.web(env={"ALLOWED_HOSTS": "127.0.0.1"}) as web:
        script = script.replace("http://localhost:8000", web.url)
        script = re.sub(r"^ls \.local/mail/.*$", "", script, flags=re.MULTILINE)
        assert web.url in script
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert f'"number":"{Order.objects.get().number}"' in done.stdout


@pytest.mark.parametrize(
    "source",
    sorted(
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    ),
)
def test_every_link_leads_somewhere(source):
    text = (ROOT / source).read_text()
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)", text):
        path, _, anchor = link.partition("#")
        target = (ROOT / source).parent / path if path else ROOT / source
        assert target.exists(), link
        assert not anchor or anchor in read_anchors(target.read_text()), link


def read_anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }
