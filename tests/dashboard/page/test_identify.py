"""One picture, one model and its maps on the real page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.dashboard.page.browser import (
    PATIENCE,
    PHONE,
    WIDE,
    answered,
    drawn,
    expect,
    fits,
    picture,
)


def test_a_drawing_gets_a_species_a_map_and_no_request_leaves_the_computer(open_page):
    page = open_page()
    expect(page.locator("#verdict")).to_contain_text("Which Pokémon is this?")
    picture(page, "wide-light-empty")
    answered(page)
    expect(page.locator("#verdict .facts")).to_contain_text("%")
    expect(page.locator("#seen-line")).to_contain_text("pixels")
    expect(page.locator("#reading")).to_contain_text("Yellow marks")
    assert fits(page)
    picture(page, "wide-light")
    assert page.outside == []


def test_choosing_a_species_explains_that_one(open_page):
    page = open_page()
    answered(page)
    before = drawn(page)
    third = page.locator("#guesses label").nth(2)
    name = third.inner_text().split("%")[1].strip()
    third.click()
    expect(page.locator("#map > label")).to_have_text(re.compile(rf"looked for {re.escape(name)}"))
    if "same for every species" not in page.locator("#reading").inner_text():
        assert drawn(page) != before


def test_the_colours_follow_the_strength(open_page):
    page = open_page()
    answered(page)
    before = drawn(page)
    page.locator("#strength input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map img")).not_to_have_attribute("src", before)


def test_another_model_answers_the_same_picture(open_page):
    page = open_page()
    answered(page)
    facts = page.locator("#verdict .facts").inner_text()
    page.locator("#model input").click()
    others = page.locator('[role=option][aria-selected="false"]')
    if others.count() == 0:
        pytest.skip("only one model is trained")
    others.first.click()
    expect(page.locator("#verdict .facts")).not_to_have_text(facts)
    expect(page.locator("#guesses label")).to_have_count(5)


def test_a_method_and_its_settings_change_the_map(open_page):
    page = open_page()
    answered(page)
    page.locator("#method input").click()
    page.get_by_role("option", name="Finer-CAM").click()
    expect(page.locator("#reading")).to_contain_text("It is compared with")
    before = page.locator("#map img").get_attribute("src")
    page.get_by_text("Settings of this map").click()
    page.locator("#layer input").click()
    second = page.get_by_role("option").nth(1)  # whatever the best model calls its layers
    layer = second.inner_text().strip().lower()
    second.click()
    expect(page.locator("#map img")).not_to_have_attribute("src", before)
    page.get_by_text("For specialists").click()
    expect(page.locator("#details")).to_contain_text(layer)


# Before the other checks: random maps of a picture are remembered, and nobody could stop them.
def test_a_check_can_be_stopped_and_begun_again(open_page):
    page = open_page()
    answered(page)
    believe = page.get_by_role("button", name="Can this map be believed?")
    believe.click()
    page.locator("#check-stop").click()
    expect(page.locator("#check-stop")).to_be_hidden()
    expect(page.locator("#check-deletion")).to_be_hidden()
    expect(page.locator("#check-result")).to_have_text("")
    believe.click()
    expect(page.locator("#check-result")).to_contain_text(re.compile(r"of \d+0 random maps"))
    expect(page.locator("#check-stop")).to_be_hidden()


@pytest.mark.parametrize(("viewport", "size"), [(WIDE, "wide"), (PHONE, "phone")])
def test_a_map_can_be_checked(open_page, viewport, size):
    page = open_page(viewport)
    answered(page)
    page.get_by_role("button", name="Can this map be believed?").click()
    expect(page.locator("#check-result")).to_contain_text(re.compile(r"of \d+0 random maps"))
    for name in ("deletion", "insertion"):
        expect(page.locator(f"#check-{name} .js-plotly-plot")).to_be_visible()
    expect(page.locator("#check-stop")).to_be_hidden()
    expect(page.locator("#map img")).to_be_visible()
    assert fits(page)
    picture(page, f"{size}-light-checked")
    # Another map has not been checked.
    page.locator("#guesses label").nth(1).click()
    expect(page.locator("#check-deletion")).to_be_hidden()
    expect(page.locator("#check-result")).to_have_text("")


def test_a_slow_map_shows_its_progress_and_can_be_stopped(open_page):
    page = open_page()
    answered(page)
    before, method = drawn(page), page.locator("#method input").input_value()
    page.locator("#method input").click()
    page.get_by_role("option", name="RISE").click()
    expect(page.locator("#waiting .progress-text")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#method input")).to_have_value(method)
    assert drawn(page) == before
    page.locator("#method input").click()
    page.get_by_role("option", name="Occlusion").click()
    picture(page, "wide-light-slow")  # not before Stop: a picture takes as long as some maps
    expect(page.locator("#reading")).to_contain_text("Occlusion", timeout=4 * PATIENCE)
    expect(page.locator("#stop")).to_be_hidden()
    assert drawn(page) != before


def test_a_map_is_compared_with_others_and_saved(open_page):
    page = open_page(PHONE)
    answered(page)
    page.get_by_text("Compare this map").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#beside-result img")).to_have_count(3)
    expect(page.locator("#beside-result")).to_contain_text("orange places")
    page.get_by_role("button", name="Save this map").click()
    link = page.get_by_role("link", name="Picture with caption")
    with page.expect_download() as saved:
        link.click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    picture(page, "phone-light-compared")
    assert fits(page)


def test_one_choice_of_a_model_asks_the_server_once(open_page):
    """Gradio's own input event comes twice for a click; the second would undo later choices."""
    page = open_page()
    answered(page)
    asked = []
    page.on("request", lambda request: "queue/join" in request.url and asked.append(request))
    page.locator("#model input").click()
    others = page.locator('[role=option][aria-selected="false"]')
    if others.count() == 0:
        pytest.skip("only one model is trained")
    facts = page.locator("#verdict .facts").inner_text()
    others.first.click()
    expect(page.locator("#verdict .facts")).not_to_have_text(facts)
    assert len(asked) == 1
