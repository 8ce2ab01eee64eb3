"""A browser, and a shop of real processes with the demo in it, for all tests of this folder."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from dev.processes import wait_for
from dev.stack import ROOT
from tests import services
from tests.browser.proxy import Proxy

Run = Callable[..., Any]

FRONTEND = ROOT / "frontend"
PICTURES = (
    ROOT / "build" / "browser"
)  # not test-results/: pytest-playwright empties that in every run of any test
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTHS = {
    "wide": {"width": 1280, "height": 900},
    "narrow": {"width": 390, "height": 844},
}
LONG = os.environ.get("STAFF_HOUR") == "long"  # what `make staff-hour` sets


def in_one_window(width: str) -> pytest.MarkDecorator:
    """Run a test in this window alone, as what it shows does not depend on the width: of staff's
    pages `make staff-hour` tries each in both.
    """
    return pytest.mark.parametrize("width", list(WIDTHS) if LONG else [width])


PATIENCE_MS = 60_000  # a machine that also runs the other tests is slow at times
# Nothing is a skeleton any more, and the pictures in sight are there.
SETTLED = """() => !document.querySelector('.bone') && [...document.images].every((image) =>
    image.complete || image.getBoundingClientRect().top > innerHeight)"""
SCROLL = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 500) {
        scrollTo(0, y);
        await new Promise((done) => setTimeout(done, 60));
    }
    scrollTo(0, 0);
}"""
# As root Chromium needs --no-sandbox; the others keep it from calling home, which a closed
# network would make slow.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(900))


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI runs the browser tests always")
    pytest.skip(what)


@pytest.fixture(scope="package")
def playwright(django_db_setup: None) -> Iterator[Playwright]:
    """Return Playwright, for this folder's tests only: its event loop on this thread would
    upset Django in others.
    """
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[Run]:
    """Return `db(work, …)`: runs what uses the database in a thread of its own, where no
    event loop is running.

    It stands for pytest-django's fixture of that name, which tells it that a database is
    needed at all; what is done here is committed."""
    with django_db_blocker.unblock(), ThreadPoolExecutor(max_workers=1) as thread:

        def run(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            return thread.submit(work, *args, **kwargs).result()

        yield run
        run(connections.close_all)


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        _missing(
            f"there is no Chromium at {CHROMIUM} (CHROMIUM names another place)"
        )
    one = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield one
    one.close()


@pytest.fixture(scope="package")
def storefront() -> Path:
    """Return the folder of the built storefront; it is built here if it was not."""
    built = FRONTEND / "shop" / "dist"
    if (
        not (built / "index.html").exists()
        or not (FRONTEND / "node_modules" / "axe-core").exists()
    ):
        if not shutil.which("npm"):
            _missing("the storefront is not built, and there is no npm to build it")
        for command in (
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            ["npm", "run", "build"],
        ):
            subprocess.run(
                command, cwd=FRONTEND, check=True, stdout=subprocess.DEVNULL
            )
    return built


@dataclass
class Shop:
    """The running shop, as seen through a proxy."""

    proxy: Proxy
    env: dict[str, str]
    mails: Path
    db: Run

    @property
    def url(self) -> str:
        return self.proxy.url

    def mail(self, to: str, subject: str) -> str:
        """Wait for a mail to this address whose subject contains this, and return its text."""
        found: list[str] = []

        def look() -> bool:
            for file in sorted(self.mails.glob("*.eml")):
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                if mail["To"] == to and subject in mail["Subject"]:
                    part = mail.get_body(("plain",))
                    found.append(part.get_content() if part else "")
            return bool(found)

        assert wait_for(look, seconds=120), f"no mail {subject!r} to {to}"
        return found[-1]


@pytest.fixture(scope="package")
def shop(storefront: Path, browser: Browser, db: Run) -> Iterator[Shop]:
    """Run web, relay and the mails' worker on a database with the demo in it."""
    mails = Path(os.environ["LOCAL_DIR"]) / "mails-of-browser"
    with ExitStack() as running:
        db(
            call_command,
            "load_demo",
            scale=120,
            force=True,
            stdout=StringIO(),
            verbosity=0,
        )
        running.callback(db, call_command, "flush", interactive=False, verbosity=0)
        proxy = Proxy()
        running.callback(proxy.close)
        env = db(services.environment) | {
            "SHOP_URL": proxy.url,
            "EMAIL_BACKEND": "markrin.mail.backends.FileBackend",
            "MAIL_DIR": str(mails),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "ALLOWED_HOSTS": "127.0.0.1",
            "ONLINE_PROVIDER": "test",
            "TEST_GATEWAY_IN_PUBLIC": "1",
            "CACHE_ANSWERS": "1",
        }
        for process in (services.relay(env=env), services.worker("email", env=env)):
            db(process.__enter__)
            running.callback(db, process.__exit__, None, None, None)
        one = Shop(proxy, env, mails, db)
        with serving(one):
            yield one


@contextmanager
def serving(shop: Shop, **env: str) -> Iterator[services.Running]:
    """Serve the shop behind its proxy."""
    web = services.web(env=shop.env | env)
    process = shop.db(web.__enter__)
    before, shop.proxy.upstream = shop.proxy.upstream, process.url
    try:
        yield process
    finally:
        shop.proxy.upstream = before
        shop.db(web.__exit__, None, None, None)


@pytest.fixture(scope="package")
def inventory_worker(shop: Shop) -> Iterator[None]:
    """Have a worker for what the inventory's queue does, from the first test that asks for it to
    the last of this folder: whoever makes such jobs asks for it, as it may run already.
    """
    worker = services.worker("inventory", env=shop.env)
    shop.db(worker.__enter__)
    yield
    shop.db(worker.__exit__, None, None, None)


@pytest.fixture(scope="package")
def desk_server(shop: Shop, inventory_worker: None) -> Iterator[str]:
    """Return the address of a server for staff.

    With DEBUG the admin's styles and scripts come from their packages: collecting and
    compressing them takes minutes."""
    web = services.web(env=shop.env | {"DEBUG": "1", "ADMIN_SECOND_FACTOR": "1"})
    started = shop.db(web.__enter__)
    yield started.url
    shop.db(web.__exit__, None, None, None)


@pytest.fixture(scope="module")
def desk(shop: Shop, desk_server: str) -> Iterator[Shop]:
    """Return the shop as staff see it."""
    before, shop.proxy.upstream = shop.proxy.upstream, desk_server
    yield shop
    shop.proxy.upstream = before


@pytest.fixture(params=list(WIDTHS))
def width(request: pytest.FixtureRequest) -> str:
    """Run the test once in a wide and once in a narrow window."""
    return str(request.param)


@pytest.fixture
def context(browser: Browser, width: str, shop: Shop) -> Iterator[BrowserContext]:
    """Return a fresh browser profile, in which nothing may crash."""
    crashes: list[str] = []
    one = browser.new_context(
        base_url=shop.url,
        viewport=WIDTHS[width],  # type: ignore[arg-type]  # a dict of the right keys
        reduced_motion="reduce",
    )
    one.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    one.on("weberror", lambda error: crashes.append(str(error.error)))
    yield one
    one.close()
    assert crashes == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def look(request: pytest.FixtureRequest, width: str) -> Any:
    """Return `look(page, name)`: takes a picture for people, and lets axe look for what
    shuts people out.
    """
    source = (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text()
    PICTURES.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str, *, full: bool = False) -> None:
        if full:  # pictures further down load when they are scrolled to
            page.evaluate(SCROLL)
        page.wait_for_function(SETTLED)
        page.wait_for_timeout(
            200
        )  # a picture that has come is painted a moment later
        page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=full)
        page.evaluate(source)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        # The admin's frame is its library's: there, what axe calls moderate is passed over.
        counted = {"serious", "critical"} | (
            set() if name.startswith("admin") else {"moderate"}
        )
        serious = [
            f"{rule['id']}: {rule['help']} ({rule['nodes'][0]['html'][:160]})"
            for rule in found["violations"]
            if rule["impact"] in counted
        ]
        assert serious == [], f"{name}: axe finds {serious}"

    return take
