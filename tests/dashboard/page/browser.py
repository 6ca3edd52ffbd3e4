"""How the tests use the page; without Playwright they are skipped."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}
PATIENCE = 90_000
"""Milliseconds for whatever is expected; a model is read from the disk when it is first asked, and
a small computer that runs two tests at a time draws a page in ten seconds or more."""
expect.set_options(timeout=PATIENCE)


def launched(driver):
    """A browser without a window."""
    return driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def upload(page, file):
    page.locator("#picture input[type=file]").set_input_files(str(file))


def answered(page, drawing="pikachu"):
    """Upload a drawing and wait for its answer."""
    upload(page, EXAMPLES / f"{drawing}.png")
    expect(page.locator("#guesses label")).to_have_count(5)
    expect(page.locator("#map img")).to_be_visible()


def drawn(page):
    """Address of the map's picture, which changes with its contents."""
    return page.locator("#map img").get_attribute("src")


def reload(page):
    """Load the page again; it may have just begun to do so itself, which aborts ours."""
    with contextlib.suppress(playwright.Error):
        page.evaluate("window.old = true")
        page.reload()
    page.wait_for_function("!window.old && document.readyState === 'complete'")


def back(page):
    """Press Back as a person does; Playwright's own fails if the page then loads itself again."""
    page.evaluate("setTimeout(() => history.back())")


def forward(page):
    """Press Forward as a person does."""
    page.evaluate("setTimeout(() => history.forward())")


def picture(page, name):
    (ROOT / "artefacts").mkdir(exist_ok=True)
    page.screenshot(path=ROOT / "artefacts" / f"{name}.png", full_page=True)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def open_part(page, title):
    """Choose a part of the Experiments tab; a phone keeps the last ones in a menu."""
    tab = page.get_by_role("tab", name=title, exact=True)
    if not tab.is_visible():
        page.locator("#experiments .overflow-menu > button").click()
        tab = page.locator("#experiments .overflow-dropdown button", has_text=title)
    tab.click()
