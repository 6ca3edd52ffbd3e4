"""Trading cards in uploaded pictures, on the real page."""

from __future__ import annotations

import re

import pytest

from pokeclf import tradingcards
from tests.card_scene import card_scene
from tests.dashboard.page.browser import (
    PHONE,
    WIDE,
    answered,
    expect,
    fits,
    picture,
    upload,
)
from tests.dashboard.page.conftest import CHECKPOINTS

CORNERS = ((0.3, 0.1), (0.7, 0.1), (0.7, 0.9), (0.3, 0.9))
"""Of a card, in shares of the picture's width and height."""


def click_at(picture, place):
    box = picture.bounding_box()
    picture.click(position={"x": place[0] * box["width"], "y": place[1] * box["height"]})


@pytest.fixture
def photo(tmp_path):
    if not (CHECKPOINTS / tradingcards.FILE).exists():
        pytest.skip("the card finder is not trained")
    card_scene().save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_a_card_is_found_and_another_part_can_be_chosen(open_page, photo, viewport, theme):
    page = open_page(viewport, theme)
    upload(page, photo)
    expect(page.locator("#cards-words")).to_contain_text("card was found")
    expect(page.locator("#guesses label")).to_have_count(5)
    page.locator("#cards-part").get_by_label("Whole picture").check()
    shown = page.locator("#picture .image-frame img")
    expect(shown).to_have_attribute("src", re.compile(r"photo\.png"))
    page.locator("#cards-part").get_by_label("Whole card").check()
    expect(shown).to_have_attribute("src", re.compile("whole-card"))
    page.get_by_role("button", name="Where the card lies").click()
    expect(page.locator("#cards-outlined img")).to_be_visible()
    assert fits(page)
    picture(page, f"{'wide' if viewport is WIDE else 'phone'}-{theme}-card")


@pytest.mark.parametrize(("tab", "name"), [("identify", "cards"), ("compare", "compare-cards")])
def test_an_address_of_a_drawn_card_offers_its_parts(open_page, tab, name):
    page = open_page(query=f"tab={tab}&example=card-magikarp")
    expect(page.locator(f"#{name}-words")).to_contain_text("card was found")
    whole = page.locator(f"#{name}-part").get_by_label("Whole picture")
    expect(whole).to_be_checked()
    assert "example=card-magikarp" in page.url
    page.locator(f"#{name}-part").get_by_label("Illustration", exact=True).check()
    page.wait_for_url("**part=illustration*")
    again = open_page(query=page.url.partition("?")[2])
    expect(again.locator(f"#{name}-part").get_by_label("Illustration", exact=True)).to_be_checked()
    expect(again.locator(".image-frame img").first).to_have_attribute(
        "src", re.compile("illustration")
    )
    again.locator(f"#{name}-part").get_by_label("Whole picture").check()
    again.wait_for_url(lambda url: "example=card-magikarp" in url and "part=" not in url)


def test_four_clicks_show_where_the_card_lies(open_page, photo):
    page = open_page()
    upload(page, photo)
    expect(page.locator("#cards-words")).to_contain_text("card was found")
    page.get_by_role("button", name="Where the card lies").click()
    outlined = page.locator("#cards-outlined img")
    expect(outlined).to_be_visible()
    hint = page.locator("#cards-hint")
    before = page.locator("#picture .image-frame img").get_attribute("src")
    for corner, following in zip(
        CORNERS, ("top right", "bottom right", "bottom left", "top left"), strict=True
    ):
        click_at(outlined, corner)
        expect(hint).to_contain_text(following)
    expect(page.locator("#picture .image-frame img")).not_to_have_attribute("src", before)


@pytest.mark.parametrize("on_its_way", [r"/queue/data", r"/image\.png$"])
def test_corners_that_are_shown_quickly_all_count(open_page, photo, on_its_way):
    """Also those that are shown before the answer to the first one, or its picture, is there."""
    page = open_page()
    upload(page, photo)
    expect(page.locator("#guesses label")).to_have_count(5)
    page.get_by_role("button", name="Where the card lies").click()
    outlined = page.locator("#cards-outlined img")
    expect(outlined).to_be_visible()
    before = page.locator("#picture .image-frame img").get_attribute("src")
    on_its_way, held = re.compile(on_its_way), []
    page.route(on_its_way, lambda request: held.append(request))
    with page.expect_request(on_its_way):
        click_at(outlined, CORNERS[0])
    for corner in CORNERS[1:]:
        with page.expect_response(re.compile("queue/join")):
            click_at(outlined, corner)
    page.route(on_its_way, lambda request: request.continue_())
    for request in held:
        request.continue_()
    expect(page.locator("#picture .image-frame img")).not_to_have_attribute("src", before)
    expect(page.locator("#cards-hint")).to_contain_text("top left")


def test_a_picture_without_cards_has_no_such_panel(open_page):
    page = open_page()
    answered(page)
    expect(page.locator("#cards")).to_be_hidden()


def test_a_photo_of_a_card_is_compared_by_a_part_of_it(open_page, photo):
    page = open_page(PHONE, "dark")
    page.get_by_role("tab", name="Compare").click()
    page.locator("#compare-picture input[type=file]").set_input_files(str(photo))
    expect(page.locator("#compare-cards-words")).to_contain_text("card was found")
    shown = page.locator("#compare-picture .image-frame img")
    expect(shown).not_to_have_attribute("src", re.compile(r"photo\.png"))
    result = page.locator("#compare-result h3")
    expect(result).to_contain_text("say")
    page.locator("#compare-cards-part").get_by_label("Whole picture").check()
    expect(shown).to_have_attribute("src", re.compile(r"photo\.png"))
    expect(page.locator("#compare-result figure")).to_have_count(4)
    assert fits(page)
    picture(page, "phone-dark-compare-card")
