"""The real page for everybody: by keyboard, on a phone, in both themes."""

from __future__ import annotations

import pytest

from tests.dashboard.page.browser import (
    PHONE,
    answered,
    expect,
    fits,
    picture,
)

CONTRAST = """
element => {
    const parse = text => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b]
        .map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let ground = element, back;
    do {
        back = parse(getComputedStyle(ground).backgroundColor);
        ground = ground.parentElement;
    } while (back.length === 4 && back[3] === 0 && ground);
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(back)].sort();
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
"""


def test_the_keyboard_alone_is_enough(open_page):
    page = open_page()
    focused = "document.activeElement.getAttribute('aria-label')"
    page.keyboard.press("Tab")
    for _ in range(6):
        if page.evaluate(focused) == "Drop an image file here to upload":
            break
        page.keyboard.press("Tab")
    else:
        pytest.fail("Tab does not reach the upload")
    page.get_by_role("button", name="Pikachu", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#guesses input").first).to_be_checked()
    page.locator("#guesses input").first.focus()
    name = page.locator("#guesses label").nth(1).inner_text().split("%")[1].strip()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#guesses input").nth(1)).to_be_checked()
    expect(page.locator("#map > label")).to_contain_text(name)
    assert page.evaluate("document.activeElement.closest('fieldset').id") == "guesses"


def test_the_arrow_keys_move_among_tabs(open_page):
    page = open_page()
    page.get_by_role("tab", name="Identify").focus()
    for key, name in (("ArrowRight", "Compare"), ("ArrowLeft", "Identify"), ("ArrowLeft", "Data")):
        page.keyboard.press(key)
        tab = page.get_by_role("tab", name=name, exact=True)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(open_page, theme):
    page = open_page(PHONE, theme)
    assert fits(page)
    answered(page)
    expect(page.locator("#verdict")).to_be_in_viewport()
    page.locator("#specialists button").click()
    page.locator("#all-models button").click()
    expect(page.locator("table.models")).to_be_visible()
    expect(page.locator("#details")).to_contain_text("SHA-256")
    assert fits(page)
    picture(page, f"phone-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_readable_in_both_themes(open_page, theme):
    page = open_page(theme=theme)
    answered(page)
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")
    texts = (
        "#header p", "#footer footer", "#model-summary .prose", "#verdict .facts", "#verdict .name",
        "#guesses label span", "#guesses .info-text", ".hint", "#seen-line .prose", "#reading p",
        "[role=tab]",
    )  # fmt: skip
    pale = {text: page.locator(text).first.evaluate(CONTRAST) for text in texts}
    assert {text: ratio for text, ratio in pale.items() if ratio < 4.5} == {}
    picture(page, f"wide-{theme}")
