"""A build of the storefront as Vite leaves it."""

import json

import pytest

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="description" content="Replaced." />
    <title>Replaced</title>
    <script type="module" crossorigin src="/assets/index-Dm5aNG_o.js"></script>
  </head>
  <body><div id="root"></div></body>
</html>
"""
MANIFEST = {
    "index.html": {"file": "assets/index-Dm5aNG_o.js"},
    "_shared.js": {"file": "assets/shared-Bm5aNG_o.js"},
    "src/pages/product.tsx": {
        "file": "assets/product-Am5aNG_o.js",
        "imports": ["index.html", "_shared.js"],
    },
}


@pytest.fixture
def built(settings, tmp_path):
    """Return the folder of a build."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / ".vite").mkdir()
    (dist / "index.html").write_text(PAGE)
    (dist / ".vite" / "manifest.json").write_text(json.dumps(MANIFEST))
    (dist / "assets" / "index-Dm5aNG_o.js").write_text("1")
    (dist / "favicon.svg").write_text("<svg/>")
    settings.STOREFRONT_DIR = settings.WHITENOISE_ROOT = dist
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SHOP_URL = "https://shop.example"
    return dist
