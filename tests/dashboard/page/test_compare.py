"""One picture and many models on the real page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dashboard.page.browser import (
    EXAMPLES,
    PHONE,
    WIDE,
    expect,
    fits,
    picture,
)


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_many_models_are_compared_on_one_picture(open_page, viewport, theme):
    page = open_page(viewport, theme)
    page.get_by_role("tab", name="Compare").click()
    file = page.locator("#compare-picture input[type=file]")
    file.set_input_files(str(EXAMPLES / "pikachu.png"))
    figures = page.locator("#compare-result figure")
    expect(figures).to_have_count(4)  # three stages, and all together
    expect(page.locator("#compare-result h3")).to_contain_text("say")
    expect(page.locator("#compare-differences img")).to_have_count(3)
    page.get_by_role("button", name="Make a report").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download report").click()
    assert saved.value.suggested_filename == "compare-pikachu.html"
    assert "Where two maps differ" in Path(saved.value.path()).read_text(encoding="utf-8")
    stale = page.locator("#compare-stale p")
    expect(stale).to_have_count(0)
    page.locator("#compare-models").get_by_label("ConvMixer").click()
    expect(stale).to_contain_text("of other choices")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(figures).not_to_have_count(4)
    expect(stale).to_have_count(0)
    expect(page.locator("#compare-differences img")).to_have_count(3)
    expect(page.locator("#compare-result h3")).to_be_in_viewport()
    expect(page.get_by_text("Error", exact=True)).to_have_count(0)
    assert fits(page)
    picture(page, f"{'wide' if viewport is WIDE else 'phone'}-{theme}-compare")


def test_a_long_comparison_can_be_stopped_and_begun_again(open_page):
    page = open_page(WIDE, query="tab=compare")
    stop = page.get_by_role("button", name="Stop", exact=True)
    expect(page.locator("#compare-models input:checked")).to_have_count(3)
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator("#compare-models input:checked")).to_have_count(15)
    expect(stop).to_have_count(0)
    page.locator("#compare-picture input[type=file]").set_input_files(str(EXAMPLES / "pikachu.png"))
    expect(page.locator("#compare-result")).to_contain_text("of 15")
    stop.click()
    expect(page.locator("#compare-result p")).to_have_count(0)
    expect(stop).to_have_count(0)
    page.wait_for_timeout(1500)  # longer than one model takes
    expect(page.locator("#compare-result p")).to_have_count(0)
    page.locator("#compare-models").get_by_label("ConvMixer").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#compare-result figure")).to_have_count(15)  # 14, and all together
    expect(stop).to_have_count(0)


def test_a_caption_stays_in_sight_while_its_table_scrolls(open_page):
    page = open_page(PHONE, query="tab=compare&example=pikachu&models=convmixer,vit_frozen")
    caption = page.locator("#compare-result caption span").first
    expect(page.locator("#compare-result h3")).to_be_visible()
    page.locator("#compare-result .scrolls").first.evaluate("e => e.scrollLeft = 80")
    box = caption.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
