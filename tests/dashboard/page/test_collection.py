"""A collection in the real browser: it grows, is corrected, and outlives the page."""

from __future__ import annotations

import base64
import re

import pytest

from pokeclf.catalogtable import Table
from tests.dashboard.page.browser import PHONE, WIDE, expect, fits, picture
from tests.dashboard.page.collection import (
    DRAWINGS,
    drop,
    exported,
    filled,
    named,
    part,
    ready,
    row_of,
    rows,
)
from tests.dashboard.page.test_access import CONTRAST


def test_a_collection_grows_is_corrected_and_outlives_the_page(open_collection, tmp_path):
    page = open_collection()
    broken = tmp_path / "<b>broken.png"
    broken.write_bytes(b"no picture")
    drop(page, *DRAWINGS[:12], broken)
    expect(part(page, "progress")).to_be_visible()
    expect(rows(page)).to_have_count(13)
    expect(row_of(page, "<b>broken.png")).to_contain_text("This is not an image")
    expect(row_of(page, "bulbasaur.png")).to_contain_text(re.compile(r"\d\s% · ViT fine-tuned"))
    expect(row_of(page, "bulbasaur.png").get_by_role("combobox")).to_have_value("bulbasaur")
    expect(row_of(page, "bulbasaur.png").locator("img")).to_have_attribute(
        "src", re.compile("^data:image/jpeg;base64,")
    )
    summary = part(page, "summary")
    expect(summary).to_contain_text("1 file that could not be read")
    drop(page, *DRAWINGS[10:14], broken)
    expect(rows(page)).to_have_count(15)
    expect(part(page, "status")).to_have_text("5 of 5 pictures, 3 of them there already")
    named(page, "bulbasaur.png", "Mewtwo")
    named(page, "diglett.png", "Mewtwo")
    species = len({menu.input_value() for menu in page.get_by_role("combobox").all()[1:]})
    page.reload()
    ready(page)
    expect(rows(page)).to_have_count(15)
    expect(row_of(page, "bulbasaur.png").get_by_role("combobox")).to_have_value("mewtwo")
    expect(row_of(page, "bulbasaur.png")).to_contain_text("named by you")
    expect(summary).to_contain_text(f"{species} of 151 species")
    expect(summary).to_contain_text(f"14 pictures, {14 - species} duplicate")
    summary.get_by_text(f"{151 - species} missing").click()
    expect(summary.locator("details p")).to_contain_text("Mew.")
    table = Table(exported(page, "csv", tmp_path))  # which the command would go on with
    assert (table.rows, table.models) == (15, {"vit_finetuned"})
    assert table.summary.pictures["mewtwo"] == 2
    assert (table.summary.duplicates, table.summary.unread) == (14 - species, 1)
    picture(page, "wide-light-collection")
    assert fits(page)
    assert page.outside == []


def test_a_doubtful_answer_is_told_and_a_person_settles_it(open_collection):
    page = open_collection(model="vit_scratch")  # It is seldom sure.
    filled(page, *DRAWINGS[:6])
    doubtful = rows(page).filter(has=page.get_by_text("check this", exact=True))
    before = doubtful.count()
    assert before
    expect(part(page, "summary")).to_contain_text(f"{before} to check")
    page.get_by_label("Only those to check").check()
    expect(rows(page)).to_have_count(before)
    row = doubtful.first
    species = row.get_by_role("combobox").input_value()
    row.get_by_role("button", name="is right").click()
    expect(part(page, "summary")).to_contain_text(f"{before - 1} to check")
    page.get_by_label("Only those to check").uncheck()
    expect(rows(page)).to_have_count(6)
    settled = rows(page).filter(has_text="named by you")
    expect(settled.get_by_role("combobox")).to_have_value(species)


def test_a_folder_gives_its_pictures_by_their_paths(open_collection, tmp_path):
    box = tmp_path / "cards" / "box"
    box.mkdir(parents=True)
    (box.parent / "a.png").write_bytes(DRAWINGS[0].read_bytes())
    (box / "b.PNG").write_bytes(DRAWINGS[1].read_bytes())
    (box / "c.png").write_bytes(DRAWINGS[1].read_bytes())
    (box / "notes.txt").write_text("no picture")
    page = open_collection()
    part(page, "directory").set_input_files(box.parent)
    expect(part(page, "status")).to_have_text("3 of 3 pictures, 1 of them there already")
    expect(rows(page).locator("small")).to_have_text([re.compile(r"box/[bc]\.(PNG|png)"), "a.png"])


def test_files_can_be_dropped(open_collection):
    page = open_collection()
    transfer = page.evaluate_handle(
        """async address => {
            const data = await (await fetch(address)).blob();
            const transfer = new DataTransfer();
            transfer.items.add(new File([data], "dropped.png", {type: "image/png"}));
            return transfer;
        }""",
        "data:image/png;base64," + base64.b64encode(DRAWINGS[0].read_bytes()).decode(),
    )
    page.dispatch_event("#collection .drop", "drop", {"dataTransfer": transfer})
    expect(row_of(page, "dropped.png").get_by_role("combobox")).to_be_visible()


def test_a_silent_server_loses_nothing_and_one_can_go_on(open_collection):
    page = open_collection()
    filled(page, *DRAWINGS[:2])
    page.route("**/call/collect", lambda route: route.abort())
    drop(page, *DRAWINGS[:12])
    expect(part(page, "notice")).to_contain_text("The server did not answer")
    expect(rows(page)).to_have_count(2)
    page.unroute("**/call/collect")
    page.get_by_role("button", name="Go on").click()
    expect(rows(page)).to_have_count(12)
    expect(part(page, "notice")).to_be_hidden()
    page.route("**/call/collect", lambda route: route.fulfill(status=503))
    drop(page, *DRAWINGS[12:14])
    expect(part(page, "notice")).to_contain_text("The server is busy")
    page.get_by_role("button", name="Forget the rest").click()
    expect(part(page, "running")).to_be_hidden()
    expect(rows(page)).to_have_count(12)


def test_a_model_that_cannot_answer_is_a_sentence(open_collection):
    page = open_collection()
    page.evaluate("document.querySelector('#collection-address a').search = '?model=nonsense'")
    drop(page, DRAWINGS[0])
    expect(part(page, "notice")).to_contain_text("There is no model")


def test_it_can_be_stopped_and_gone_on_with(open_collection):
    page = open_collection()
    page.route("**/call/collect", lambda route: (page.wait_for_timeout(300), route.continue_()))
    drop(page, *DRAWINGS[:20])
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    assert 0 < rows(page).count() < 20
    page.get_by_role("button", name="Go on").click()
    expect(rows(page)).to_have_count(20)


def test_a_full_browser_is_told_and_loses_nothing(browser, server):
    with browser.new_context(viewport=WIDE) as context:
        page = context.new_page()
        devtools, room = context.new_cdp_session(page), "Storage.overrideQuotaForOrigin"
        devtools.send(room, {"origin": server.address, "quotaSize": 100_000})
        page.goto(f"{server.address}/?tab=collection&model=convmixer")
        ready(page)
        drop(page, *DRAWINGS[:20])
        expect(part(page, "notice")).to_contain_text("has no room for more")
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        kept = rows(page).count()
        assert 0 < kept < 20
        page.reload()
        ready(page)
        expect(rows(page)).to_have_count(kept)
        devtools.send(room, {"origin": server.address})
        drop(page, *DRAWINGS[:20])
        expect(rows(page)).to_have_count(20)
        expect(part(page, "status")).to_contain_text(f"{kept} of them there already")


def test_a_browser_without_a_store_says_so_and_works(browser, server):
    with browser.new_context() as context:
        context.add_init_script("indexedDB.open = () => { throw new Error('private') }")
        page = context.new_page()
        page.goto(f"{server.address}/?tab=collection&model=convmixer")
        ready(page)
        expect(part(page, "notice")).to_contain_text("export the collection before you leave")
        filled(page, *DRAWINGS[:2])


def test_windows_that_show_the_same_collection_agree(open_collection):
    page = open_collection()
    other = page.context.new_page()
    other.goto(page.url)
    ready(other)
    filled(page, *DRAWINGS[:2])
    expect(rows(other)).to_have_count(2)
    named(other, DRAWINGS[0].name, "Mew")
    expect(row_of(page, DRAWINGS[0].name)).to_contain_text("named by you")


def test_a_row_is_removed_by_keyboard(open_collection):
    page = open_collection()
    filled(page, *DRAWINGS[:3])
    page.get_by_role("button", name=f"Remove {DRAWINGS[1].name}").focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)
    # The next row's button has the focus, not the top of the page.
    expect(page.get_by_role("button", name=f"Remove {DRAWINGS[0].name}")).to_be_focused()
    menu = row_of(page, DRAWINGS[0].name).get_by_role("combobox")
    menu.focus()
    page.keyboard.type("Mewt")
    expect(row_of(page, DRAWINGS[0].name)).to_contain_text("named by you")
    expect(row_of(page, DRAWINGS[0].name).get_by_role("combobox")).to_have_value("mewtwo")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_the_collection_without_scrolling_sideways(open_collection, tmp_path, theme):
    page = open_collection(PHONE, theme, "vit_scratch")
    expect(page.locator("#tabs [role=tab]:visible")).to_have_count(5)
    long = tmp_path / f"{'a very long name ' * 12}.png"
    long.write_bytes(DRAWINGS[0].read_bytes())
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    filled(page, *DRAWINGS[1:5], long, broken)
    part(page, "summary").locator("summary").click()
    assert fits(page)
    picture(page, f"phone-{theme}-collection")
    texts = (
        "strong", "span", ".hint", ".bar button", ".complete", ".facts", "summary", "details p",
        ".answer select", ".answer .facts", ".answer small", ".doubt b", ".doubt button",
        ".problem", ".remove",
    )  # fmt: skip
    pale = {
        text: page.locator(f"#collection {text}:visible").first.evaluate(CONTRAST) for text in texts
    }
    assert {text: ratio for text, ratio in pale.items() if ratio < 4.5} == {}
    part(page, "empty").click()
    expect(page.get_by_role("button", name="Keep them")).to_be_focused()
    picture(page, f"phone-{theme}-collection-empty")
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(6)
