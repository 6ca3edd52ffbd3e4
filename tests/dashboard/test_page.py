"""The real page in Debian's Chromium, served by the real ``app.py``.

It runs on the bundled checkpoints, or on those that ``POKECLF_CHECKPOINTS`` names. Screenshots
go to ``artefacts/``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from pokeclf.dashboard.subtabs import SUBTABS
from tests.bad_images import REFUSED, TEN, bad_images

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

ROOT = Path(__file__).parents[2]
CHECKPOINTS = Path(os.environ.get("POKECLF_CHECKPOINTS") or ROOT / "checkpoints")
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}
PATIENCE = 20_000
"""Milliseconds; a model is read from the disk when it is first asked."""

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

_SERVERS = {}
"""Process numbers of the running servers by their address."""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this computer"),
    pytest.mark.skipif(
        not list(CHECKPOINTS.glob("*/card.json")), reason=f"no trained model in {CHECKPOINTS}"
    ),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a running ``app.py``, which must not have logged a traceback in the end."""
    with serving(tmp_path_factory.mktemp("elsewhere"), CHECKPOINTS) as address:
        yield address


@contextmanager
def serving(folder, checkpoints, images=""):
    """Run ``app.py`` from some folder; ``images`` is where the data set is, if anywhere."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-u", ROOT / "app.py"],
        cwd=folder,
        env={
            **os.environ,
            "POKECLF_CHECKPOINTS": str(checkpoints),
            "POKECLF_DATA": str(images),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    for line in server.stdout:
        said += line
        if "Running on local URL" in line:
            break
    else:
        pytest.fail(f"app.py ended: {said}")
    address = f"http://127.0.0.1:{port}"
    _SERVERS[address] = server.pid
    yield address
    server.terminate()
    said += server.communicate(timeout=20)[0]
    assert "Traceback" not in said, said


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def open_page(browser, address):
    """Opens the page in a window of a size and a theme; closes all windows in the end."""
    contexts = []

    def call(viewport=WIDE, theme="light"):
        context = browser.new_context(viewport=viewport)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.outside = []
        page.on("request", lambda request: _note_outside(page, address, request.url))
        page.goto(f"{address}/?__theme={theme}")
        expect(page.locator("#model input")).not_to_have_value("", timeout=PATIENCE)
        return page

    yield call
    for context in contexts:
        context.close()


def _note_outside(page, address, url):
    if not url.startswith((address, "data:", "blob:")):
        page.outside.append(url)


def upload(page, file):
    page.locator("#picture input[type=file]").set_input_files(str(file))


def answered(page, drawing="pikachu"):
    """Upload a drawing and wait for its answer."""
    upload(page, ROOT / "examples" / f"{drawing}.png")
    expect(page.locator("#guesses label")).to_have_count(5, timeout=PATIENCE)
    expect(page.locator("#map img")).to_be_visible(timeout=PATIENCE)


def drawn(page):
    """Address of the map's picture, which changes with its contents."""
    return page.locator("#map img").get_attribute("src")


def picture(page, name):
    (ROOT / "artefacts").mkdir(exist_ok=True)
    page.screenshot(path=ROOT / "artefacts" / f"identify-{name}.png", full_page=True)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


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
    expect(page.locator("#reading")).to_contain_text("It is compared with", timeout=PATIENCE)
    before = page.locator("#map img").get_attribute("src")
    page.get_by_text("Settings of this map").click()
    page.locator("#layer input").click()
    second = page.get_by_role("option").nth(1)  # whatever the best model calls its layers
    layer = second.inner_text().strip().lower()
    second.click()
    expect(page.locator("#map img")).not_to_have_attribute("src", before, timeout=PATIENCE)
    page.get_by_text("For specialists").click()
    expect(page.locator("#details")).to_contain_text(layer)


def test_a_map_can_be_checked(open_page):
    page = open_page()
    answered(page)
    page.get_by_role("button", name="Can this map be believed?").click()
    expect(page.locator("#check-result")).to_contain_text("of 100", timeout=8 * PATIENCE)
    expect(page.locator("#map img")).to_be_visible()


def test_a_slow_map_shows_its_progress_and_can_be_stopped(open_page):
    page = open_page()
    answered(page)
    before, method = drawn(page), page.locator("#method input").input_value()
    page.locator("#method input").click()
    page.get_by_role("option", name="RISE").click()
    expect(page.locator("#waiting .progress-text")).to_be_visible(timeout=PATIENCE)
    picture(page, "wide-light-slow")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#stop")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator("#method input")).to_have_value(method)
    assert drawn(page) == before
    page.locator("#method input").click()
    page.get_by_role("option", name="Occlusion").click()
    expect(page.locator("#reading")).to_contain_text("Occlusion", timeout=4 * PATIENCE)
    expect(page.locator("#stop")).to_be_hidden()
    assert drawn(page) != before


def test_a_map_is_compared_with_others_and_saved(open_page):
    page = open_page(PHONE)
    answered(page)
    page.get_by_text("Compare this map").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#beside-result img")).to_have_count(3, timeout=PATIENCE)
    expect(page.locator("#beside-result")).to_contain_text("orange places")
    page.get_by_role("button", name="Save this map").click()
    link = page.get_by_role("link", name="Picture with caption")
    with page.expect_download() as saved:
        link.click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    picture(page, "phone-light-compared")
    assert fits(page)


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_many_models_are_compared_on_one_picture(open_page, viewport, theme):
    page = open_page(viewport, theme)
    page.get_by_role("tab", name="Compare").click()
    file = page.locator("#compare-picture input[type=file]")
    file.set_input_files(str(ROOT / "examples" / "pikachu.png"))
    figures = page.locator("#compare-result figure")
    expect(figures).to_have_count(4, timeout=PATIENCE)  # three stages, and all together
    expect(page.locator("#compare-result h3")).to_contain_text("say")
    assert fits(page)
    picture(page, f"{'wide' if viewport is WIDE else 'phone'}-{theme}-compare")


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_experiments_are_drawn_from_stored_results(open_page, viewport, theme):
    page = open_page(viewport, theme)
    page.get_by_role("tab", name="Experiments").click()
    expect(page.locator("#ranking .js-plotly-plot")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#leaderboard")).to_contain_text("ConvMixer", timeout=PATIENCE)
    size = "wide" if viewport is WIDE else "phone"
    picture(page, f"{size}-{theme}-experiments")
    assert fits(page)
    if viewport is WIDE:
        page.get_by_role("tab", name="Two models").click()
        expect(page.locator("#pair-verdict")).to_contain_text("McNemar")
        page.locator("#second input").click()
        page.get_by_role("option", name="ConvMixer").click()
        expect(page.locator("#pair-verdict")).to_contain_text("ConvMixer", timeout=PATIENCE)
        picture(page, f"{size}-{theme}-two-models")
    assert page.outside == []


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "dark"), (PHONE, "light")])
def test_every_part_of_the_experiments_is_drawn_with_its_tables(open_page, viewport, theme):
    page = open_page(viewport, theme)
    page.get_by_role("tab", name="Experiments").click()
    size = "wide" if viewport is WIDE else "phone"
    for part in SUBTABS:
        open_part(page, part.title)
        charts = page.locator(".chart .js-plotly-plot:visible")
        expect(charts.first).to_be_visible(timeout=PATIENCE)
        expect(page.locator("details:visible", has_text="as a table")).to_have_count(charts.count())
        for chart in charts.all():
            words = page.locator(f"[id='{chart.get_attribute('aria-labelledby')}']")
            assert words.text_content().startswith("Chart: ")
        for folded in page.locator("summary:visible").all():
            folded.click()
        assert fits(page), part.title
        picture(page, f"{size}-{theme}-{part.title.replace(' ', '-').lower()}")
    assert page.outside == []


def test_another_extent_and_another_model_change_a_map_and_its_table(open_page):
    page = open_page()
    page.get_by_role("tab", name="Experiments").click()
    open_part(page, "Mistakes")
    expect(page.locator("#confusions .main-svg").first).to_be_visible(timeout=PATIENCE)
    words = page.locator("#confusions-words")
    before = words.text_content()
    page.get_by_role("radio", name="Evolution families").click()
    expect(words).not_to_have_text(before, timeout=PATIENCE)
    expect(page.locator("#confusions .ytick").first).to_have_text("Bulbasaur")
    page.locator("#mistaken input").click()
    page.get_by_role("option", name="ConvMixer").click()
    expect(words).to_contain_text("Confusions of ConvMixer", timeout=PATIENCE)


def open_part(page, title):
    """Choose a part of the Experiments tab; a phone keeps the last ones in a menu."""
    tab = page.get_by_role("tab", name=title, exact=True)
    if not tab.is_visible():
        page.locator("#experiments .overflow-menu > button").click()
        tab = page.locator("#experiments .overflow-dropdown button", has_text=title)
    tab.click()


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
    expect(page.locator("#verdict .facts")).not_to_have_text(facts, timeout=PATIENCE)
    assert len(asked) == 1


def test_a_bad_file_is_a_notice_and_the_page_goes_on(open_page, tmp_path):
    page = open_page()
    bad = tmp_path / "broken.png"
    bad.write_bytes((ROOT / "examples" / "eevee.png").read_bytes()[:4000])
    upload(page, bad)
    notice = page.get_by_test_id("toast-body")
    expect(notice).to_contain_text("damaged or incomplete", timeout=PATIENCE)
    page.get_by_test_id("toast-close").click()
    answered(page, "snorlax")
    before = drawn(page)
    upload(page, bad)
    expect(notice).to_contain_text("damaged or incomplete", timeout=PATIENCE)
    picture(page, "wide-light-notice")
    expect(page.locator("#picture .image-frame img")).to_have_attribute(
        "src", re.compile("snorlax")
    )
    assert drawn(page) == before


def test_odd_files_are_answered_or_refused_in_little_memory(open_page, address, tmp_path):
    status = Path(f"/proc/{_SERVERS[address]}/status")
    if not status.exists():
        pytest.skip("peak memory is read from Linux's /proc")
    page = open_page()
    answered(page)  # the model is in memory from here on
    before = _peak(status)
    notice = page.get_by_test_id("toast-body")
    for kind in TEN:
        data, expectation = bad_images()[kind]
        file = tmp_path / f"{kind}.png"
        file.write_bytes(data)
        if expectation == REFUSED:
            shown = drawn(page)
            upload(page, file)
            expect(notice).to_have_count(1, timeout=PATIENCE)
            page.get_by_test_id("toast-close").click()
            expect(notice).to_have_count(0)
            assert drawn(page) == shown
        else:  # Two of them show the same, so there is another picture in between.
            _another_map(page, ROOT / "examples" / "eevee.png")
            _another_map(page, file)
    assert _peak(status) - before < 500_000


def _another_map(page, file):
    """Upload a picture and wait until another map than before is drawn."""
    before = drawn(page)
    upload(page, file)
    expect(page.locator("#map img")).not_to_have_attribute("src", before, timeout=PATIENCE)


def _peak(status):
    """Largest resident memory so far, in kB."""
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])


def test_a_drawing_from_the_strip_is_answered_and_removed_again(open_page):
    page = open_page()
    page.get_by_role("button", name="Eevee", exact=True).click()
    expect(page.locator("#guesses label")).to_have_count(5, timeout=PATIENCE)
    page.get_by_role("button", name="Remove Image").click()
    expect(page.locator("#verdict")).to_contain_text("Which Pokémon is this?")
    expect(page.locator("#guesses")).to_have_count(0)


def test_the_keyboard_alone_is_enough(open_page):
    page = open_page()
    focused = "document.activeElement.getAttribute('aria-label')"
    page.keyboard.press("Tab")
    for _ in range(5):
        if page.evaluate(focused) == "Drop an image file here to upload":
            break
        page.keyboard.press("Tab")
    else:
        pytest.fail("Tab does not reach the upload")
    page.get_by_role("button", name="Pikachu", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#guesses input").first).to_be_checked(timeout=PATIENCE)
    page.locator("#guesses input").first.focus()
    name = page.locator("#guesses label").nth(1).inner_text().split("%")[1].strip()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#guesses input").nth(1)).to_be_checked()
    expect(page.locator("#map > label")).to_contain_text(name)
    assert page.evaluate("document.activeElement.closest('fieldset').id") == "guesses"


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
