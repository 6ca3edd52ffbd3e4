"""Pictures of all kinds on the real page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bad_images import REFUSED, TEN, bad_images
from tests.dashboard.page.browser import (
    EXAMPLES,
    answered,
    drawn,
    expect,
    picture,
    upload,
)


def test_a_bad_file_is_a_notice_and_the_page_goes_on(open_page, tmp_path):
    page = open_page()
    bad = tmp_path / "broken.png"
    bad.write_bytes((EXAMPLES / "eevee.png").read_bytes()[:4000])
    upload(page, bad)
    notice = page.get_by_test_id("toast-body")
    expect(notice).to_contain_text("damaged or incomplete")
    page.get_by_test_id("toast-close").click()
    answered(page, "snorlax")
    before = drawn(page)
    upload(page, bad)
    expect(notice).to_contain_text("damaged or incomplete")
    picture(page, "wide-light-notice")
    expect(page.locator("#picture .image-frame img")).to_have_attribute(
        "src", re.compile("snorlax")
    )
    assert drawn(page) == before


def test_odd_files_are_answered_or_refused_in_little_memory(open_page, server, tmp_path):
    process = Path(f"/proc/{server.process}")
    if not process.exists():
        pytest.skip("peak memory is read from Linux's /proc")
    page = open_page()
    answered(page)  # the model is in memory from here on
    before = _peak_from_now(process)
    notice = page.get_by_test_id("toast-body")
    for kind in TEN:
        data, expectation = bad_images()[kind]
        file = tmp_path / f"{kind}.png"
        file.write_bytes(data)
        if expectation == REFUSED:
            shown = drawn(page)
            upload(page, file)
            expect(notice).to_have_count(1)
            page.get_by_test_id("toast-close").click()
            expect(notice).to_have_count(0)
            assert drawn(page) == shown
        else:  # Two of them show the same, so there is another picture in between.
            _another_map(page, EXAMPLES / "eevee.png")
            _another_map(page, file)
    assert _peak(process) - before < 500_000


def _another_map(page, file):
    """Upload a picture and wait until another map than before is drawn."""
    before = drawn(page)
    upload(page, file)
    expect(page.locator("#map img")).not_to_have_attribute("src", before)


def _peak_from_now(process):
    """Forget earlier peaks, as the server has served other tests; the memory now, in kB."""
    (process / "clear_refs").write_text("5")
    return _peak(process)


def _peak(process):
    """Largest resident memory so far, in kB."""
    return int(re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())[1])


def test_a_drawing_from_the_strip_is_answered_and_removed_again(open_page):
    page = open_page()
    page.get_by_role("button", name="Eevee", exact=True).click()
    expect(page.locator("#guesses label")).to_have_count(5)
    page.get_by_role("button", name="Remove Image").click()
    expect(page.locator("#verdict")).to_contain_text("Which Pokémon is this?")
    expect(page.locator("#guesses")).to_have_count(0)


def test_a_picture_that_comes_while_the_page_is_still_opened_stays(open_page):
    page = open_page()
    held = []

    def late(request):
        """What follows the opening and reads nothing but the picture's input, which is empty."""
        return "/queue/join" in request.url and request.post_data_json["data"] == [None]

    page.route(
        "**/queue/join*",
        lambda route: held.append(route) if late(route.request) else route.continue_(),
    )
    with page.expect_request(late):
        page.goto(page.url.partition("?")[0] + "?tab=compare")
    page.locator("#compare-picture input[type=file]").set_input_files(str(EXAMPLES / "pikachu.png"))
    expect(page.locator("#compare-result h3")).to_be_visible()
    with page.expect_response("**/queue/join*"):
        for route in held:
            route.continue_()
    page.wait_for_timeout(1500)
    expect(page.locator("#compare-picture .image-frame img")).to_be_visible()
