"""The page below a root path, on a server that has nobody to talk to but its visitors."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.dashboard.page.browser import EXAMPLES, expect, upload
from tests.serving import serving

BELOW = "/some/where"
WATCH = """
import os, sys

def note(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host is not None:
        with open(os.environ["ASKED"], "a") as file:
            print(host, file=file)

sys.addaudithook(note)
"""
"""Python runs it first of all and tells it of each host that a program looks up or connects to."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The file with all hosts that the server asked anything of."""
    return tmp_path_factory.mktemp("asked") / "hosts"


@pytest.fixture(scope="module")
def address(tmp_path_factory, checkpoints, asked):
    """Where the page is, below the root path."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "sitecustomize.py").write_text(WATCH)
    watched = {"PYTHONPATH": str(elsewhere), "ASKED": str(asked)}
    with serving(elsewhere, checkpoints, GRADIO_ROOT_PATH=BELOW, **watched) as server:
        yield f"{server.address}{BELOW}/"


def _read(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read().decode()


def test_assets_and_routes_are_below_the_root_path(address):
    page = _read(address)
    # Gradio links the manifest of an app to install above it, which this page is not.
    links = set(re.findall(r'(?:src|href)="([^"]+)"', page)) - {"/manifest.json"}
    assert {Path(link).suffix for link in links} >= {".js", ".css"}
    for link in links:
        there = urljoin(address, link)
        assert there.startswith(address)
        assert _read(there)
    assert json.loads(_read(f"{address}config"))["root"] == address.rstrip("/")
    assert json.loads(_read(f"{address}health"))["status"] == "ok"


def test_a_browser_asks_for_nothing_above_it(browser, address):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    expect(page.locator("#model input")).not_to_have_value("")
    upload(page, EXAMPLES / "pikachu.png")
    expect(page.locator("#map img")).to_be_visible()
    page.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_the_server_asked_no_host_but_its_own(address, asked):
    """Of everything since it started."""
    assert set(asked.read_text().split()) <= {"127.0.0.1", "localhost"}
    assert asked.stat().st_size  # Gradio asks itself whether it is there, so something is noted.
