"""The real page in Debian's Chromium, served by the real ``app.py``.

It runs on the bundled checkpoints, or on those that ``POKECLF_CHECKPOINTS`` names. Screenshots
go to ``artefacts/``.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHECKPOINTS = Path(os.environ.get("POKECLF_CHECKPOINTS") or ROOT / "checkpoints")


@dataclass(frozen=True)
class Server:
    """A running ``app.py``: its address, and the number of its process."""

    address: str
    process: int


@contextmanager
def serving(folder, checkpoints, images=""):
    """Run ``app.py`` from some folder; it must not have logged a traceback in the end.

    ``images`` is where the data set is, if anywhere.
    """
    told = []
    with running(folder, checkpoints, told, POKECLF_DATA=str(images)) as server:
        yield server
    assert "Traceback" not in "".join(told), "".join(told)


@contextmanager
def running(folder, checkpoints, told, ending=signal.SIGTERM, **variables):
    """Run ``app.py`` with these variables of the environment; what it says is appended to a list.

    ``ending`` is the signal that it gets in the end.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-u", ROOT / "app.py"],
        cwd=folder,
        env={
            **os.environ,
            "POKECLF_CHECKPOINTS": str(checkpoints),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in server.stdout:
        told.append(line)
        if "Running on local URL" in line:
            break
    else:
        pytest.fail(f"app.py ended: {''.join(told)}")
    yield Server(f"http://127.0.0.1:{port}", server.pid)
    server.send_signal(ending)
    told.append(server.communicate(timeout=20)[0])


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    """One server on the bundled checkpoints for all."""
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


def _note_outside(page, address, url):
    if not url.startswith((address, "data:", "blob:")):
        page.outside.append(url)
