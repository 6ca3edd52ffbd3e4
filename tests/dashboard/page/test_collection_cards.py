"""Trading cards in the pictures of a collection, on the real page."""

from __future__ import annotations

import json

import pytest

from pokeclf import tradingcards
from tests.card_scene import card_scene
from tests.dashboard.page.browser import PHONE, WIDE, expect, fits, picture
from tests.dashboard.page.collection import filled, part, ready, row_of
from tests.dashboard.page.conftest import CHECKPOINTS
from tests.dashboard.page.test_access import CONTRAST

LABEL = "Look for trading cards in the pictures"


@pytest.fixture
def photos(tmp_path):
    """Two photos of a card."""
    if not (CHECKPOINTS / tradingcards.FILE).exists():
        pytest.skip("the card finder is not trained")
    for name, ground in (("one", (90, 120, 70)), ("two", (60, 70, 110))):
        card_scene(ground=ground).save(tmp_path / f"{name}.png")
    return tmp_path / "one.png", tmp_path / "two.png"


def _asked(page):
    """What is sent with pictures from now on: whether cards are to be looked for."""
    sent = []

    def note(request):
        if request.url.endswith("/call/collect"):
            sent.append(json.loads(request.post_data)["data"][2])

    page.on("request", note)
    return sent


def test_cards_are_looked_for_until_somebody_says_no(open_collection, photos):
    page = open_collection()
    sent, box = _asked(page), page.get_by_label(LABEL)
    expect(box).to_be_checked()
    filled(page, photos[0])
    expect(row_of(page, "one.png").get_by_role("combobox")).to_have_value("oddish")
    box.focus()
    page.keyboard.press("Space")
    expect(box).not_to_be_checked()
    page.reload()
    ready(page)
    expect(box).not_to_be_checked()
    part(page, "files").set_input_files(str(photos[1]))
    expect(row_of(page, "two.png")).to_be_visible()
    assert sent == [True, False]


def test_a_browser_that_keeps_nothing_looks_for_cards(browser, server, photos):
    with browser.new_context() as context:
        refuse = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no') }})"
        context.add_init_script(refuse)
        page = context.new_page()
        page.goto(f"{server.address}/?tab=collection&model=vit_finetuned")
        ready(page)
        sent, box = _asked(page), page.get_by_label(LABEL)
        expect(box).to_be_checked()
        box.uncheck()
        filled(page, photos[0])
        assert sent == [False]


def test_where_no_finder_is_trained_nothing_is_offered(browser, server, photos):
    with browser.new_context() as context:
        page = context.new_page()

        def without(route):
            answer = route.fetch()
            body = answer.text()
            assert '"cards":true' in body
            route.fulfill(response=answer, body=body.replace('"cards":true', '"cards":false'))

        page.route(f"{server.address}/?*", without)
        page.goto(f"{server.address}/?tab=collection&model=vit_finetuned")
        ready(page)
        sent = _asked(page)
        expect(page.get_by_label(LABEL)).to_be_hidden()
        filled(page, photos[0])
        assert sent == [False]


@pytest.mark.parametrize(
    ("viewport", "theme"), [(WIDE, "light"), (PHONE, "light"), (PHONE, "dark")]
)
def test_the_choice_fits_and_can_be_read(open_collection, photos, viewport, theme):
    page = open_collection(viewport, theme)
    box = part(page, "cards")
    expect(box).to_be_visible()
    assert box.evaluate(CONTRAST) >= 4.5
    part(page, "files").focus()
    for _ in range(3):  # past the buttons that can be used
        page.keyboard.press("Tab")
    expect(page.get_by_label(LABEL)).to_be_focused()
    expect(page.get_by_label(LABEL)).to_have_css("outline-style", "solid")
    assert fits(page)
    picture(page, f"{'wide' if viewport is WIDE else 'phone'}-{theme}-collection-cards")
