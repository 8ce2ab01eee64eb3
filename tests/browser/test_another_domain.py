"""A storefront on another site than the API, as docs/frontend.md shows it: tokens in bodies."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import FRONTEND, Shop, serving
from tests.browser.steps import new_email
from tests.factories import make_user

PAGE = b"""<!doctype html><title>Another shop front</title><script type="module">
import { createShop, isProblem, unwrap } from "/client.js";
Object.assign(window, { createShop, isProblem, unwrap });
</script>"""
VISIT = """async ([baseUrl, email, password]) => {
    const shop = createShop({ baseUrl, mode: "body" });
    await shop.auth.login({ email, password });
    const mine = await unwrap(shop.GET("/api/auth/profile"));
    const nothing = { params: { path: { key: "none" } } };
    const problem = await unwrap(shop.GET("/api/products/{key}", nothing))
        .catch((error) => (isProblem(error) ? error.code : String(error)));
    // Another tab, or the next day: signed in by what was kept, without a cookie.
    const later = createShop({ baseUrl, mode: "body" });
    const again = await unwrap(later.GET("/api/auth/profile"));
    return [mine.email, problem, again.email, later.auth.state.signedIn];
}"""


@pytest.fixture
def front() -> Iterator[str]:
    """Serve a page on another site: `localhost`, while the shop is at 127.0.0.1."""
    client = (FRONTEND / "client" / "dist" / "index.js").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path == "/client.js"
            self.send_response(200)
            self.send_header(
                "Content-Type", "text/javascript" if script else "text/html"
            )
            self.end_headers()
            self.wfile.write(client if script else PAGE)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as above)
            """Keep the tests' output for the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def test_a_storefront_of_another_site_signs_in_and_stays_so(
    page: Page, shop: Shop, front: str, width: str
) -> None:
    email = new_email("elsewhere")
    shop.db(make_user, email=email, password="a long phrase")
    with serving(shop, CORS_ALLOWED_ORIGINS=front):
        page.goto(front)
        page.wait_for_function("() => Boolean(window.createShop)")
        found = page.evaluate(VISIT, [shop.url, email, "a long phrase"])
    assert found == [email, "not_found", email, True]
    assert page.context.cookies() == []
