"""Stored results on the real page."""

from __future__ import annotations

import re

import pytest

from pokeclf.dashboard.recipes import Recipes
from pokeclf.dashboard.subtabs import FURTHER, Leaderboard
from tests.dashboard.page.browser import (
    PHONE,
    WIDE,
    expect,
    fits,
    open_part,
    picture,
)


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_experiments_are_drawn_from_stored_results(open_page, viewport, theme):
    page = open_page(viewport, theme)
    page.get_by_role("tab", name="Experiments").click()
    expect(page.locator("#ranking .js-plotly-plot")).to_be_visible()
    expect(page.locator("#leaderboard")).to_contain_text("ConvMixer")
    size = "wide" if viewport is WIDE else "phone"
    picture(page, f"{size}-{theme}-experiments")
    assert fits(page)
    if viewport is WIDE:
        page.get_by_role("tab", name="Two models").click()
        expect(page.locator("#pair-verdict")).to_contain_text("McNemar")
        page.locator("#second input").click()
        page.get_by_role("option", name="ConvMixer").click()
        expect(page.locator("#pair-verdict")).to_contain_text("ConvMixer")
        picture(page, f"{size}-{theme}-two-models")
    assert page.outside == []


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "dark"), (PHONE, "light")])
def test_every_part_of_the_experiments_is_drawn_with_its_tables(open_page, viewport, theme):
    page = open_page(viewport, theme)
    page.get_by_role("tab", name="Experiments").click()
    size = "wide" if viewport is WIDE else "phone"
    for part in (Leaderboard, Recipes, *FURTHER):
        open_part(page, part.title)
        charts = page.locator(".chart .js-plotly-plot:visible")
        expect(charts.first).to_be_visible()
        expect(page.locator("details:visible", has_text="as a table")).to_have_count(charts.count())
        for chart in charts.all():
            words = page.locator(f"[id='{chart.get_attribute('aria-labelledby')}']")
            assert words.text_content().startswith("Chart: ")
        for folded in page.locator("summary:visible").all():
            folded.click()
        assert fits(page), part.title
        picture(page, f"{size}-{theme}-{part.title.replace(' ', '-').lower()}")
    assert page.outside == []


def test_the_page_asks_for_nothing_once_it_stands_still(open_page):
    """Two listeners on the same change may set each other off for ever."""
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("tab", name="Experiments").click()

    def silent():
        page.wait_for_timeout(1000)
        asked.clear()
        page.wait_for_timeout(1000)
        return [url for url in asked if "/queue/join" in url]

    for part in (Leaderboard, Recipes, *FURTHER):
        open_part(page, part.title)
        expect(page.locator(".chart .js-plotly-plot:visible").first).to_be_visible()
        assert silent() == [], part.title
    open_part(page, "Training")
    page.locator("#runs input").click()
    page.get_by_role("option").nth(3).click()
    page.wait_for_url(re.compile(r"runs=[\w-]+,[\w-]+,[\w-]+"))
    assert silent() == []


def test_charts_do_not_wait_for_their_library(open_page):
    page = open_page()
    loaded = "performance.getEntriesByType('resource').some(each => each.name.includes('Plotly'))"
    page.wait_for_function(loaded)
    assert page.locator(".js-plotly-plot").count() == 0
    assert page.outside == []


def test_the_last_of_quick_choices_counts_and_charts_keep_their_lines(open_page):
    page = open_page(WIDE, query="tab=experiments&view=two-models")
    expect(page.locator("#pair-verdict")).to_contain_text("McNemar")
    for menu, name in (("first", "ConvMixer"), ("second", "Basic CNN"), ("first", "Residual CNN")):
        page.locator(f"#{menu} input").click()
        # The options of the menu before may not be gone yet.
        page.locator(f"#{menu}").get_by_role("option", name=name, exact=True).click()
    expect(page.locator("#pair-verdict")).to_contain_text("only Residual CNN")
    expect(page.locator("#pair-verdict")).to_contain_text("only Basic CNN")
    page.wait_for_url(re.compile("first=residual_cnn&second=basic_cnn"))
    # A clip path with the page's former address would hide all lines.
    clips = "[...document.querySelectorAll('[clip-path]')].map(e => e.getAttribute('clip-path'))"
    paths = page.evaluate(clips)
    assert paths
    assert not [path for path in paths if "http" in path]


def test_another_extent_and_another_model_change_a_map_and_its_table(open_page):
    page = open_page()
    page.get_by_role("tab", name="Experiments").click()
    open_part(page, "Mistakes")
    expect(page.locator("#confusions .main-svg").first).to_be_visible()
    words = page.locator("#confusions-words")
    before = words.text_content()
    page.get_by_role("radio", name="Evolution families").click()
    expect(words).not_to_have_text(before)
    expect(page.locator("#confusions .ytick", has_text="Bulbasaur")).to_have_count(1)
    expect(page.locator("#confusions .ytick", has_text="Ivysaur")).to_have_count(0)
    page.locator("#mistaken input").click()
    page.get_by_role("option", name="ConvMixer").click()
    expect(words).to_contain_text("Confusions of ConvMixer")


def test_on_a_phone_a_map_of_all_species_can_be_scrolled_to_its_end(open_page):
    page = open_page(PHONE, query="tab=experiments&view=mistakes&extent=all")
    expect(page.locator("#confusions .xtick").first).to_be_visible()
    assert fits(page)
    end = "chart => (chart.scrollLeft = 9999, chart.scrollLeft + chart.clientWidth)"
    chart = page.locator("#confusions")
    assert chart.evaluate(end) > 940 > chart.evaluate("chart => chart.clientWidth")
