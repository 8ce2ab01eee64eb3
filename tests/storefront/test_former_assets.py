"""Scripts of an earlier build are there for pages that are open since before a deploy."""

import os
import time
from io import StringIO

from django.core.management import call_command

from storefront import former_assets


def keep():
    out = StringIO()
    call_command("keep_assets", stdout=out)
    return out.getvalue().strip()


def test_a_deploy_leaves_the_scripts_of_the_build_before(client, built):
    old, new = (
        built / "assets" / "index-Dm5aNG_o.js",
        built / "assets" / "index-New_1234.js",
    )
    assert keep() == "1 files copied, 0 known, 0 old ones dropped."
    old.rename(new)
    new.write_text("2")
    assert keep() == "1 files copied, 0 known, 0 old ones dropped."
    answer = client.get("/assets/index-Dm5aNG_o.js")
    assert (answer.status_code, answer.content) == (200, b"1")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer["Cache-Control"]
    assert keep() == "0 files copied, 1 known, 0 old ones dropped."


def test_what_no_build_of_the_last_weeks_had_is_dropped(client, built, settings):
    keep()
    (built / "assets" / "index-Dm5aNG_o.js").unlink()
    kept = settings.MEDIA_ROOT / former_assets.FOLDER / "index-Dm5aNG_o.js"
    long_ago = time.time() - (former_assets.KEPT_DAYS + 1) * 86_400
    os.utime(kept, (long_ago, long_ago))
    assert keep() == "0 files copied, 0 known, 1 old ones dropped."
    assert client.get("/assets/index-Dm5aNG_o.js").status_code == 404


def test_only_names_of_assets_are_looked_for(client, built):
    (built.parent / "secret").write_text("not to be read")
    for path in ("/assets/..%2fsecret", "/assets/../secret", "/assets/none.js"):
        assert client.get(path).status_code == 404
