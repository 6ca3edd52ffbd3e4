"""The Data tab, the Gallery and the Embedding in the browser, with pictures and without."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pokeclf import checkpoint, embedding
from tests.dashboard.page.browser import PATIENCE, PHONE, WIDE, expect, fits, open_part, picture
from tests.serving import serving
from tests.tiny_data import write_world


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "dark"), (PHONE, "light")])
def test_without_the_data_set_images_are_told_of_and_not_shown(open_page, viewport, theme):
    page = open_page(viewport, theme)
    page.get_by_role("tab", name="Data", exact=True).click()
    expect(page.locator("#data-species .js-plotly-plot")).to_be_visible()
    expect(page.locator("#data-samples")).to_contain_text("POKECLF_DATA")
    page.locator("#data summary").first.click()
    expect(page.locator("#data details table").first).to_be_visible()
    assert fits(page)
    picture(page, f"{theme}-data-without-pictures")
    page.get_by_role("tab", name="Experiments").click()
    expect(page.locator("#ranking .js-plotly-plot")).to_be_visible()
    open_part(page, "Gallery")
    expect(page.locator("#gallery-images tbody tr")).to_have_count(24)
    expect(page.locator("#gallery-images")).to_contain_text("POKECLF_DATA")
    expect(page.locator("#gallery-show")).to_be_hidden()
    page.locator("#gallery-view label").last.click()
    expect(page.locator("#gallery-choice input")).to_have_value(re.compile("taken for"))
    assert page.locator("#gallery-images img").count() == 0
    assert fits(page)
    assert page.outside == []


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    """The address of an ``app.py`` that was told where a small data set is."""
    world = write_world(tmp_path_factory.mktemp("world"))
    folder = world.checkpoints / "convmixer"
    card = checkpoint.read_card(folder)
    places = np.random.default_rng(0).uniform(-1, 1, (card.test.images, 2))
    embedding.write(folder, card, places)
    elsewhere, images = tmp_path_factory.mktemp("elsewhere"), str(world.images)
    with serving(elsewhere, world.checkpoints, POKECLF_DATA=images) as server:
        yield server.address


def test_with_the_data_set_pictures_and_maps_are_shown(browser, pictured):
    page = browser.new_context(viewport=PHONE).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(pictured)
    page.get_by_role("tab", name="Data", exact=True).click()
    expect(page.locator("#data-samples img").first).to_be_visible()
    expect(page.locator("#data-groups img")).to_have_count(2)
    assert fits(page)
    page.get_by_role("tab", name="Experiments").click()
    expect(page.locator("#ranking .js-plotly-plot")).to_be_visible()
    open_part(page, "Gallery")
    page.locator("#gallery-model input").click()
    page.get_by_role("option", name="ConvMixer").click()
    cards = page.locator("#gallery-images button")
    expect(cards).to_have_count(3)
    chosen = page.locator("#gallery-image input")
    first = chosen.input_value()
    cards.nth(1).focus()
    page.keyboard.press("Enter")
    expect(chosen).not_to_have_value(first)
    page.get_by_role("button", name="Show the maps").click()
    expect(page.locator("#gallery-result img")).to_have_count(5)
    assert fits(page)
    broken = "[...document.images].filter(image => image.src && !image.naturalWidth).length"
    assert page.evaluate(broken) == 0
    picture(page, "phone-gallery")
    page.wait_for_url(re.compile("view=gallery.*image="))
    image = chosen.input_value()
    page.reload()
    expect(page.locator("#gallery-result img")).to_have_count(5)
    expect(chosen).to_have_value(image)


def test_a_click_on_a_square_opens_its_images_and_maps(browser, pictured):
    page = browser.new_context(viewport=WIDE).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{pictured}?tab=experiments&view=mistakes&model=convmixer")
    for again in (False, True):
        if again:
            open_part(page, "Two models")
        chart = "pair-confusions" if again else "confusions"
        squares = page.locator(f"#{chart} .js-plotly-plot .point")
        expect(squares.first).to_be_visible()
        squares.first.click(force=True)
        expect(page.locator("#gallery-choice input")).to_have_value(re.compile("taken for Pikachu"))
        expect(page.locator("#gallery-model input")).to_have_value("ConvMixer")
        expect(page.locator("#gallery-result img")).to_have_count(5)
    page.wait_for_url(re.compile("view=gallery.*show=confusion.*guessed=pikachu"))
    page.reload()
    expect(page.locator("#gallery-choice input")).to_have_value(re.compile("taken for Pikachu"))


def test_pointing_at_a_mark_shows_its_picture(browser, pictured):
    page = browser.new_context(viewport=WIDE).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(pictured)
    page.get_by_role("tab", name="Experiments").click()
    expect(page.locator("#ranking .js-plotly-plot")).to_be_visible()
    open_part(page, "Embedding")
    marks = page.locator("#embedding-chart .js-plotly-plot .point")
    for mark, point in ((0, marks.nth(0).click), (4, marks.nth(4).hover)):
        # the second one after another figure was drawn
        expect(marks.nth(mark)).to_be_visible()
        point(force=True)
        expect(page.locator("#embedding-picked img")).to_have_count(1)
        page.locator("#embedding-species input").click()
        page.get_by_role("option", name="Abra", exact=True).click()
        expect(page.locator("#embedding-images img").first).to_be_visible()
        expect(page.locator("#embedding-picked img")).to_have_count(0)
    assert fits(page)
