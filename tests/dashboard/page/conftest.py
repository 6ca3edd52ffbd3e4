"""The real page in Debian's Chromium, served by the real ``app.py``.

It runs on the bundled checkpoints, or on those that ``POKECLF_CHECKPOINTS`` names. Screenshots
go to ``artefacts/``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.serving import serving

ROOT = Path(__file__).parents[3]
CHECKPOINTS = Path(os.environ.get("POKECLF_CHECKPOINTS") or ROOT / "checkpoints")


def pytest_collection_modifyitems(items):
    """In the browser a test may fail once, which the summary tells: of what fails by chance.

    Two of them at a time on two cores also lose races that nobody's page would.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One server on the bundled checkpoints for all; it stays when other tests come between."""
    if not list(CHECKPOINTS.glob("*/card.json")):
        pytest.skip(f"no trained model in {CHECKPOINTS}")
    with serving(tmp_path_factory.mktemp("elsewhere"), CHECKPOINTS) as server:
        yield server


@pytest.fixture(scope="package")
def browser():
    """One browser for all."""
    from tests.dashboard.page import browser as with_playwright

    if with_playwright.CHROMIUM is None:
        pytest.skip("no chromium on this computer")
    with with_playwright.playwright.sync_playwright() as driver:
        yield with_playwright.launched(driver)


@pytest.fixture
def open_page(browser, server):
    """Opens the page in a window of a size and a theme, at an address; closes all in the end."""
    from tests.dashboard.page.browser import PATIENCE, WIDE, expect

    contexts = []

    def call(viewport=WIDE, theme="light", query=""):
        context = browser.new_context(viewport=viewport)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.outside = []
        page.on("request", lambda request: _note_outside(page, server.address, request.url))
        page.goto(f"{server.address}/?__theme={theme}&{query}")
        if not query:
            expect(page.locator("#model input")).not_to_have_value("")
        return page

    yield call
    for context in contexts:
        context.close()


@pytest.fixture
def open_collection(open_page):
    """Opens the Collection tab in a window of its own."""
    from tests.dashboard.page.browser import WIDE
    from tests.dashboard.page.collection import ready

    def call(viewport=WIDE, theme="light", model="vit_finetuned"):
        page = open_page(viewport, theme, query=f"tab=collection&model={model}")
        ready(page)
        return page

    return call


def _note_outside(page, address, url):
    if not url.startswith((address, "data:", "blob:")):
        page.outside.append(url)
