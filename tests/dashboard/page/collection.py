"""What the tests of the Collection tab do on the page."""

from __future__ import annotations

import re

from tests.dashboard.page.browser import EXAMPLES, expect

DRAWINGS = sorted(EXAMPLES.glob("*.png"))


def ready(page):
    """Wait until the tab has a model."""
    expect(page.locator("#collection-model input")).not_to_have_value("")
    expect(page.locator("#collection-address a")).to_have_attribute("href", re.compile("model="))
    expect(part(page, "files")).to_be_attached()


def part(page, name):
    return page.locator(f"#collection [data-part={name}]")


def rows(page):
    return page.locator("#collection .rows li")


def row_of(page, name):
    return rows(page).filter(has=page.get_by_text(name, exact=True))


def drop(page, *files):
    """Give files to the page as somebody who chooses them does."""
    part(page, "files").set_input_files([str(file) for file in files])


def filled(page, *files):
    """Wait until just these are there."""
    drop(page, *files)
    expect(rows(page)).to_have_count(len(files))
    expect(part(page, "stop")).to_be_hidden()


def exported(page, kind, place):
    """The file that a button gives."""
    with page.expect_download() as download:
        part(page, kind).click()
    file = place / download.value.suggested_filename
    download.value.save_as(file)
    return file


def load(page, file):
    part(page, "table").set_input_files(str(file))


def named(page, name, species):
    """Correct a row."""
    menu = row_of(page, name).get_by_role("combobox")
    menu.focus()
    menu.select_option(label=species)
    expect(row_of(page, name)).to_contain_text("named by you")


def emptied(page):
    part(page, "empty").click()
    page.get_by_role("dialog").get_by_role("button", name="Empty the collection").click()
    expect(rows(page)).to_have_count(0)


def shown(page):
    """All that rows show: species, facts, names and pictures."""
    return rows(page).evaluate_all(
        """items => items.map(item => [
            item.querySelector("select").value, item.querySelector(".facts").textContent,
            item.querySelector("small").textContent, item.querySelector("img").src,
        ])"""
    )
