"""What a person sees while others keep the models busy."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest

from pokeclf.dashboard.places import FULL
from tests.dashboard.conftest import PIKACHU
from tests.dashboard.filling import programs
from tests.dashboard.page.browser import answered, expect, picture, playwright, upload
from tests.serving import serving
from tests.tiny_checkpoints import write_random_checkpoint

EXAMPLES = Path(PIKACHU).parent
PLACE = re.compile(r"queue: \d+/\d+")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with small models, whose queue is in nobody else's way."""
    root = tmp_path_factory.mktemp("checkpoints")
    for model in ("convmixer", "vit_frozen"):
        write_random_checkpoint(root, model)
    with serving(tmp_path_factory.mktemp("elsewhere"), root) as server:
        yield server


@pytest.fixture
def crowd(server):
    """Fills the queue with questions of programs; they are dropped in the end."""
    with programs(server.address) as crowd:
        yield crowd


def test_the_place_in_the_queue_is_seen_and_the_last_picture_counts(open_page, crowd):
    page, other = open_page(), open_page()
    answered(other, "pikachu")
    expected = other.locator("#guesses label").all_inner_texts()
    # Of one program alone, the visitor would wait for the first question only.
    crowd.fill("compare", ["convmixer", "vit_frozen"], None, times=60, each=1)
    upload(page, EXAMPLES / "bulbasaur.png")
    place = page.locator("[data-testid=status-tracker] .progress-text").first
    expect(place).to_contain_text(PLACE)
    seen = place.evaluate(
        "each => [getComputedStyle(each.parentElement).overflow, each.offsetHeight > 0]"
    )
    assert seen == ["visible", True]
    picture(page, "waiting")
    upload(page, EXAMPLES / "pikachu.png")
    expect(page.locator("#guesses label")).to_have_text(expected, timeout=120_000)
    expect(page.locator("#verdict")).not_to_contain_text(PLACE)


def test_a_full_queue_is_one_sentence_and_the_answer_stays(open_page, crowd):
    page = open_page()
    answered(page, "pikachu")
    before = page.locator("#guesses label").all_inner_texts()
    notice = page.get_by_text(FULL.sentence)
    for guess in (1, 2, 3):
        crowd.fill("explain", "vit_frozen", "rise", None, None)
        page.locator("#guesses label").nth(guess).click()
        # One of the crowd may be answered, and leave its place, before the click comes.
        with suppress(playwright.TimeoutError):
            notice.wait_for(timeout=20_000)
            break
    expect(notice).to_be_visible()
    assert page.locator("#guesses label").all_inner_texts() == before
    expect(page.locator("#picture img")).to_be_visible()
    picture(page, "full")
