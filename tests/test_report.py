"""The static report: whole, the page's own words, and drawn in a browser without a network."""

from __future__ import annotations

import re
import shutil

import pytest

from pokeclf import charts, exhibits, findings, hub, markup, report, treefindings
from pokeclf.__main__ import main
from pokeclf.dashboard.embedding import Embedding
from pokeclf.dashboard.gallery import Gallery
from pokeclf.dashboard.recipes import Recipes
from pokeclf.dashboard.subtabs import FURTHER, Leaderboard
from pokeclf.library import Library
from pokeclf.split import SPLIT_FILE
from tests.dashboard.page.browser import CHROMIUM, FLAGS, PHONE, WIDE, fits

LARGEST = 15 * 10**6


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("a class") / "report.html"
    assert main(["report", f"--out={path}"]) == 0
    return path


@pytest.fixture(scope="module")
def shelf():
    return Library(hub.BUNDLED).shelf()


def test_everything_of_the_tab_is_in_it(written, shelf):
    text = written.read_text(encoding="utf-8")
    assert written.stat().st_size < LARGEST
    assert shelf.split.fingerprint in text
    assert f"{len(shelf.split.parts['test']):,} test images" in text
    assert set(report.SECTIONS) == {
        part.title for part in (Leaderboard, Recipes, *FURTHER, Gallery, Embedding)
    }
    for title in report.SECTIONS:
        assert f">{title}</h2>" in text
    for result in shelf.ranked:
        assert exhibits.mistakes(shelf, result.card.model) in text
        assert findings.calibration(result) in text
    assert findings.summary(shelf.tuned) in text
    assert treefindings.experiments_on_trees(shelf.tuned) in text
    assert exhibits.importances(Library(hub.BUNDLED), exhibits.trees(shelf)[-1])[0] in text


def test_every_chart_has_words_and_a_table_and_the_library_is_there_once(written):
    text = written.read_text(encoding="utf-8")
    drawn = re.findall(r'class="chart" id="(figure-\d+)"', text)
    assert len(drawn) == len(set(drawn)) > 50
    assert text.count('<details><summary>The figures as a table</summary><p id="figure-') == len(
        drawn
    )
    assert all(f'id="{chart}-words"' in text for chart in drawn)
    assert text.count("plotly.js v") == 1
    assert markup.TABLES_CSS.read_text(encoding="utf-8") in text
    assert not re.search(r'(src|href)="(?!#)', text.replace(charts.script(), ""))


def test_the_same_results_give_the_same_file(shelf, tmp_path):
    few = _few(tmp_path)
    for name in ("a.html", "b.html"):
        report.write(Library(few), tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def _few(root):
    """A folder of checkpoints with a single model."""
    few = root / "few"
    shutil.copytree(hub.BUNDLED / "convmixer", few / "convmixer")
    shutil.copy(hub.BUNDLED / SPLIT_FILE, few)
    return few


def test_damaged_results_are_told_and_the_others_reported(tmp_path, capsys):
    few = _few(tmp_path)
    (few / "basic_cnn").mkdir()
    (few / "basic_cnn" / "card.json").write_text("{")
    assert main([f"--checkpoints={few}", "report", f"--out={tmp_path / 'r.html'}"]) == 2
    said = capsys.readouterr()
    assert "The card of checkpoint basic_cnn cannot be read" in said.err
    assert said.err.count("\n") == 1
    assert "card of checkpoint basic_cnn" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("report", "does not end in .html"),
        ("", "may not be empty"),
        ("taken.html", "not a regular"),
    ],
)
def test_a_bad_name_is_one_sentence(tmp_path, capsys, monkeypatch, out, sentence):
    monkeypatch.chdir(tmp_path)
    few = _few(tmp_path)
    (tmp_path / "taken.html").mkdir()
    try:
        code = main([f"--checkpoints={few}", "report", f"--out={out}"])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert sentence in said.err


def test_without_results_nothing_is_written(tmp_path, capsys):
    shutil.copy(hub.BUNDLED / SPLIT_FILE, tmp_path)
    assert main([f"--checkpoints={tmp_path}", "report", f"--out={tmp_path / 'r.html'}"]) == 2
    assert "there is nothing to report" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this computer")
@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_a_browser_draws_it_without_a_network(written, viewport, theme):
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=viewport, color_scheme=theme)
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(written.as_uri())
        playwright.expect(page.locator("#figure-1 .main-svg").first).to_be_visible()
        assert fits(page)
        # A link of the contents leads to its section, and what is unfolded there is drawn.
        page.get_by_role("navigation").get_by_role("link", name="Mistakes").click()
        choice = page.locator("section[aria-labelledby=mistakes] > details").last
        folded = choice.locator(".chart").first
        assert folded.locator(".main-svg").count() == 0
        choice.locator("summary").first.click()
        playwright.expect(folded.locator(".main-svg").first).to_be_visible()
        words = page.locator(f"#{folded.get_attribute('aria-labelledby')}")
        assert words.text_content().startswith("Chart: Confusions of")
        assert fits(page)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (theme == "light")
        assert errors == []
        assert all(url.startswith(("file:", "data:", "blob:")) for url in asked), asked


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this computer")
def test_on_paper_no_chart_is_missing(written):
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page()
        page.goto(written.as_uri())
        page.pdf()
        plain = page.locator(".chart:not(.js-plotly-plot)")
        assert plain.evaluate_all("all => all.filter((each) => each.offsetParent)") == []
        assert page.locator(".chart.js-plotly-plot").count() > 0
