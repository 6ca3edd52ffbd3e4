"""The address of the page names what is seen on it."""

from __future__ import annotations

import re

import pytest

from tests.dashboard.page.browser import (
    EXAMPLES,
    PATIENCE,
    PHONE,
    WIDE,
    answered,
    back,
    expect,
    forward,
    open_part,
    picture,
    reload,
    upload,
)


def address_with(page, *parts):
    """Wait until all parts stand in the page's address."""
    for part in parts:
        expect(page).to_have_url(re.compile(re.escape(part)))


def test_an_address_opens_a_picture_with_model_method_and_species(open_page):
    page = open_page(
        query="tab=identify&example=pikachu&model=vit_finetuned&method=rollout&species=raichu"
    )
    # Rollout is the same for every species.
    expect(page.locator("#map > label")).to_have_text("Where it looked")
    expect(page.locator("#method input")).to_have_value("Attention rollout")
    expect(page.locator("#guesses label.selected")).to_contain_text("Raichu")
    page.locator("#guesses label").first.click()
    address_with(page, "species=pikachu", "example=pikachu", "__theme=light")
    expect(page.locator("#map > label")).to_have_text("Where it looked for Pikachu")
    upload(page, EXAMPLES / "eevee.png")
    address_with(page, "example=eevee", "species=eevee")
    picture(page, "wide-light-address")


def test_an_address_opens_a_slow_map(open_page):
    page = open_page(query="tab=identify&example=eevee&model=convmixer&method=occlusion")
    expect(page.locator("#reading")).to_contain_text("Occlusion", timeout=4 * PATIENCE)
    expect(page.locator("#model input")).to_have_value(re.compile("ConvMixer"))
    address_with(page, "method=occlusion")


def test_an_uploaded_picture_is_not_in_the_address(open_page, tmp_path):
    page = open_page()
    mine = tmp_path / "pikachu.png"
    mine.write_bytes((EXAMPLES / "pikachu.png").read_bytes() + b"mine")
    upload(page, mine)
    address_with(page, "species=pikachu")
    assert "example" not in page.url


def test_an_address_opens_a_comparison(open_page):
    page = open_page(query="tab=compare&example=eevee&models=convmixer,vit_frozen&maps=each")
    expect(page.locator("#compare-differences img")).to_have_count(3)
    expect(page.locator("#compare-result")).to_contain_text("Each has a scale of its own")
    expect(page.get_by_test_id("toast-body")).to_have_count(0)
    expect(page.locator("#compare-stale p")).to_have_count(0)
    address_with(page, "first=convmixer", "second=vit_frozen")
    for menu, name in (("pair-one", "ViT frozen, deep head"), ("pair-other", "ConvMixer")):
        page.locator(f"#{menu} input").click()
        page.get_by_role("option", name=name).click()
        expect(page.get_by_role("option")).to_have_count(0)
    address_with(page, "first=vit_frozen", "second=convmixer")
    reload(page)
    expect(page.locator("#compare-differences figcaption").first).to_have_text(
        "ViT frozen, deep head"
    )
    page.get_by_label("each model's own guess").click()
    address_with(page, "tab=compare", "models=convmixer,vit_frozen", "maps=own", "first=vit_frozen")
    page.locator("#compare-picture").get_by_role("button", name="Remove Image").click()
    expect(page.locator("#compare-result h3")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("first="))


def test_an_address_opens_a_part_of_the_experiments(open_page):
    page = open_page(query="tab=experiments&view=two-models&first=convmixer&second=vit_frozen")
    expect(page.locator("#pair-verdict")).to_contain_text("McNemar")
    expect(page.locator("#first input")).to_have_value("ConvMixer")
    expect(page.locator("#second input")).to_have_value("ViT frozen, deep head")
    page.locator("#second input").click()
    page.get_by_role("option", name="Basic CNN").click()
    address_with(page, "view=two-models", "first=convmixer", "second=basic_cnn")
    page.get_by_role("tab", name="Mistakes").click()
    address_with(page, "view=mistakes", "model=")


def test_an_address_sorts_the_leaderboard(open_page):
    page = open_page(query="tab=experiments&view=leaderboard&sort=bytes")
    first = page.locator("#leaderboard [data-row='0'][data-col='0']")
    expect(first).to_contain_text("ConvMixer")
    page.locator("#sort input").click()
    page.get_by_role("option", name="test accuracy").click()
    expect(first).to_contain_text("ViT fine-tuned")
    address_with(page, "view=leaderboard", "sort=accuracy")


def test_an_address_shows_a_species_of_the_data(open_page):
    page = open_page(query="tab=data&species=mew")
    expect(page.locator("#data-samples")).to_contain_text("Mew")
    expect(page.locator("#data-chosen input")).to_have_value("Mew")
    page.locator("#data-chosen input").click()
    page.get_by_role("option", name="Bulbasaur", exact=True).click()
    address_with(page, "tab=data", "species=bulbasaur")


@pytest.mark.parametrize(
    "query",
    [
        "tab=identify&example=pikachu",
        "tab=compare&example=eevee&models=convmixer,vit_frozen",
        "tab=collection&model=convmixer",
        "tab=experiments&view=two-models",
        "tab=experiments&view=gallery",
        "tab=data&species=mew",
    ],
)
def test_a_page_that_nobody_touches_asks_nothing(open_page, query):
    """Components that set each other off would keep the server busy for ever."""
    page = open_page(query=query)
    asked = []
    page.on("request", lambda request: "queue/join" in request.url and asked.append(request))
    expect(page.locator("a.address:visible")).to_have_count(1)
    for _ in range(10):  # it may still be busy with what the address asks for
        before = len(asked)
        page.wait_for_timeout(1500)
        if len(asked) == before:
            return
    pytest.fail(f"The page asks the server without end: {before} times so far.")


def test_back_returns_to_the_tab_before(open_page):
    page = open_page()
    address_with(page, "tab=identify")
    for name in ("Compare", "Experiments"):
        page.get_by_role("tab", name=name).click()
        address_with(page, f"tab={name.lower()}")
    back(page)
    address_with(page, "tab=compare")
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    back(page)
    address_with(page, "tab=identify")
    forward(page)
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")


def test_back_keeps_a_picture_also_after_the_settings_were_open(open_page):
    page = open_page()
    answered(page, "pikachu")
    page.evaluate("history.replaceState(null, '', location.href)")  # as Gradio's settings do
    page.evaluate("window.sameDocument = true")
    page.get_by_role("tab", name="Compare").click()
    address_with(page, "tab=compare")
    back(page)
    expect(page.locator("#guesses label").first).to_be_visible()
    address_with(page, "tab=identify")
    assert page.evaluate("window.sameDocument")


def test_forward_after_a_reload_finds_the_choices_again(open_page):
    page = open_page()
    address_with(page, "tab=identify")
    page.get_by_role("tab", name="Experiments").click()
    page.get_by_role("tab", name="Two models").click()
    page.locator("#first input").click()
    page.locator("#first").get_by_role("option", name="Basic CNN", exact=True).click()
    address_with(page, "first=basic_cnn")
    back(page)
    address_with(page, "view=leaderboard")
    reload(page)
    expect(page.locator("a.address:visible")).to_be_visible()
    forward(page)
    address_with(page, "first=basic_cnn")
    expect(page.locator("#pair-verdict")).to_contain_text("Basic CNN")


def test_back_on_a_phone_returns_to_a_part_that_is_in_the_menu(open_page):
    page = open_page(PHONE, query="tab=experiments&view=mistakes&model=convmixer")
    expect(page.locator("#confusions .js-plotly-plot .point").first).to_be_visible()
    open_part(page, "Trees")
    address_with(page, "view=trees")
    back(page)
    expect(page.locator("#confusions .js-plotly-plot .point").first).to_be_visible()
    address_with(page, "view=mistakes", "model=convmixer")


def test_back_returns_to_what_was_chosen_in_a_part_before(open_page):
    page = open_page(query="tab=experiments&view=gallery&show=species&species=mew")
    expect(page.locator("#gallery-choice input")).to_have_value("Mew")
    page.wait_for_url(re.compile("species=mew&first="))
    page.get_by_role("tab", name="Mistakes").click()
    page.locator("#confusions .js-plotly-plot .point").first.click(force=True)
    address_with(page, "show=confusion")
    back(page)
    expect(page.locator("#confusions .js-plotly-plot .point").first).to_be_visible()
    back(page)
    expect(page.locator("#gallery-choice input")).to_have_value("Mew")
    address_with(page, "show=species", "species=mew")


def test_a_hostile_address_is_answered_in_a_sentence(open_page):
    page = open_page(
        query="tab=compare&example=../../etc/passwd&models=%3Cimg src=x onerror=alert(1)%3E"
        "&maps=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    )
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    notice = page.get_by_test_id("toast-body")
    expect(notice).to_contain_text("left out: example, models, maps.")
    expect(page.locator("#compare-models label").first).to_be_visible()
    address_with(page, "maps=same")
    assert "script" not in page.url
    assert "passwd" not in page.content()
    assert said == []


def test_the_address_can_be_copied(open_page):
    page = open_page(WIDE, query="tab=compare&models=convmixer")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Copy the address").click()
    expect(page.get_by_role("link", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("?tab=compare&models=convmixer&maps=same")
