"""A collection as a table in the real browser: exported, imported, and what is no such table."""

from __future__ import annotations

import csv
import json

import pytest

from pokeclf.catalog import COLUMNS, Row
from pokeclf.catalogtable import Table
from tests.dashboard.page.browser import WIDE, expect
from tests.dashboard.page.collection import (
    DRAWINGS,
    drop,
    emptied,
    exported,
    filled,
    load,
    named,
    part,
    ready,
    row_of,
    rows,
    shown,
)


def test_export_empty_import_gives_the_same_back(open_collection, tmp_path):
    page = open_collection()
    filled(page, *DRAWINGS[:4])
    named(page, DRAWINGS[0].name, "Mew")
    before = shown(page)
    full, table = exported(page, "json", tmp_path), exported(page, "csv", tmp_path)
    for file in (full, table):
        load(page, file)
        page.wait_for_timeout(300)
        expect(rows(page)).to_have_count(4)  # All of them are there already.
    part(page, "empty").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("4 pictures")
    question.get_by_role("button", name="Keep them").click()
    expect(question).to_be_hidden()
    expect(rows(page)).to_have_count(4)
    emptied(page)
    page.reload()
    ready(page)
    expect(part(page, "csv")).to_be_disabled()
    expect(rows(page)).to_have_count(0)
    load(page, full)
    expect(rows(page)).to_have_count(4)
    expect(page.locator("#collection .rows img")).to_have_count(4)
    assert shown(page) == before
    drop(page, *DRAWINGS[:4])
    expect(part(page, "status")).to_contain_text("4 of them there already")
    expect(rows(page)).to_have_count(4)


def test_a_table_of_the_command_gets_its_pictures_when_they_come(open_collection, tmp_path):
    table = Table(tmp_path / "mine.csv")
    model, name = "convmixer", DRAWINGS[0].name
    person = Row(name, model, "151", "mew", check="no")
    others = [Row(f'a,"{place}"\\x0a.png', model, problem="Cut off.") for place in range(3)]
    list(table.append([person, *others, others[0]]))
    page = open_collection()
    load(page, table.path)
    expect(rows(page)).to_have_count(5)
    expect(page.locator("#collection .rows img")).to_have_count(0)
    load(page, table.path)
    page.wait_for_timeout(300)
    expect(rows(page)).to_have_count(5)
    assert exported(page, "csv", tmp_path).read_bytes() == table.path.read_bytes()
    drop(page, DRAWINGS[0])
    expect(row_of(page, name).locator("img")).to_be_visible()
    expect(row_of(page, name)).to_contain_text("named by you")
    expect(row_of(page, name).get_by_role("combobox")).to_have_value("mew")
    expect(rows(page)).to_have_count(5)


HEADER = ",".join(COLUMNS)
GOOD = "a.png,convmixer,151,mew,0.9,mewtwo,0.1,no,"
FOREIGN = "is not a collection that was exported here or written by the command catalog"


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ("name,value\n1,2\n", FOREIGN),
        ("", FOREIGN),
        ("\x89PNG\0\0", FOREIGN),
        ("{", FOREIGN),
        ('{"version": 1, "kind": "catalogue", "rows": []}', FOREIGN),
        (f'{HEADER}\n{GOOD}\n"a', FOREIGN),
        (f"{HEADER},more\n{GOOD},1\n", FOREIGN),
        (f"{HEADER}\n{GOOD}\na.png,convmixer\n", "Row 2 of the file has not one value for each"),
        (f"{HEADER}\n=1+1{GOOD}\n", "Row 1 of the file has a name that no picture has here"),
        (f"{HEADER}\n{GOOD}=HYPERLINK(1)\n", "has a problem that is no sentence"),
        (f"{HEADER}\n{GOOD.replace('convmixer', '<img src=x onerror=alert(1)>')}\n", "model"),
        (f"{HEADER}\n{GOOD.replace('convmixer', 'constructor')}\n", "names a model that is none"),
        (f"{HEADER}\n{GOOD.replace('mewtwo', 'agumon')}\n", "names a species that is none"),
        (f"{HEADER}\n{GOOD.replace('151', '150')}\n", "has a wrong number"),
        (f"{HEADER}\n{GOOD.replace('0.9', '1e9')}\n", "has a confidence that is none"),
        (f"{HEADER}\n{GOOD}Both.\n", "has not either a species or a problem"),
        (f"{HEADER}\n" + f"{GOOD}\n" * 1_000_000, "has more than 20,000 rows"),
        ({"file": 7}, "Row 1 of the file lacks a text"),
        ({"fingerprint": "../../etc/passwd"}, "has a damaged picture"),
        ({"thumbnail": "https://example.org/a.png"}, "has a damaged picture"),
        ({"thumbnail": "data:image/svg+xml;base64,AAAA"}, "has a damaged picture"),
    ],
    ids=str,
)
def test_a_foreign_file_gets_one_sentence_and_loses_nothing(mine, tmp_path, contents, sentence):
    if isinstance(contents, dict):
        row = dict(zip(COLUMNS, next(csv.reader([GOOD])), strict=True)) | contents
        contents = json.dumps({"version": 1, "kind": "collection", "rows": [row]})
    file = tmp_path / "mine.csv"
    file.write_text(contents, encoding="latin-1")
    load(mine, file)
    notice = part(mine, "notice")
    expect(notice).to_contain_text(sentence)
    assert notice.inner_text().count(".") == 1 + notice.inner_text().count(".png")
    expect(rows(mine)).to_have_count(1)
    load(mine, DRAWINGS[0])  # a notice of before is not this one's
    expect(notice).to_contain_text(FOREIGN)


@pytest.fixture(scope="module")
def mine(browser, server):
    """A page with one picture, for tests that change nothing of it."""
    with browser.new_context(viewport=WIDE) as context:
        page = context.new_page()
        page.goto(f"{server.address}/?tab=collection&model=convmixer")
        ready(page)
        filled(page, DRAWINGS[0])
        yield page


def test_a_name_with_html_is_a_name(open_collection, tmp_path):
    name = "<img src=x onerror=document.title='broken'>.png"
    (tmp_path / "mine.csv").write_text(f"{HEADER}\n{GOOD.replace('a.png', name)}\n")
    page = open_collection()
    load(page, tmp_path / "mine.csv")
    expect(row_of(page, name)).to_be_visible()
    expect(page.locator("#collection .rows img")).to_have_count(0)
    assert page.title() == "pokeclf"
