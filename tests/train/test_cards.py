"""How recognising trading cards is measured, on the project's own drawings of cards."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from pokeclf import drawings
from pokeclf.imaging import decode
from pokeclf.reading import Views
from pokeclf.tradingcards import WHOLE, TradingCard
from train import cards
from train.cardphotos import Scenes

CLASSES = ("magikarp", "mew", "oddish")


@pytest.fixture(scope="module")
def scenes():
    def picture(name):
        return np.asarray(decode(drawings.FOLDER / f"{name}.png").resize((172, 240)))

    drawn = [(slug, picture(f"card-{slug}")) for slug in ("oddish", "magikarp")]
    return Scenes(drawn, [picture("pikachu"), picture("snorlax")], 1.5)


def _corners(scenes, monkeypatch):
    """Where the cards of the measured photos lie, in shorter sides of the photo."""
    found = []
    photo = Scenes.photo

    def noted(self, random):
        made = photo(self, random)
        found.append(made.corners[0] / min(made.picture.shape[:2]))
        return made

    monkeypatch.setattr(Scenes, "photo", noted)
    cards.photographs(scenes, 0)
    return found


def test_every_card_is_photographed_and_always_the_same(scenes):
    made, again = cards.photographs(scenes, 5), cards.photographs(scenes, 5)
    assert [species for species, _ in made] == ["oddish", "magikarp"] * cards.PHOTOS_OF_EACH
    for (_, one), (_, other) in zip(made, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(made[0][1], cards.photographs(scenes, 6)[0][1])


def test_whoever_photographs_a_card_comes_close(scenes, monkeypatch):
    many = Scenes(scenes.cards * 10, scenes.backgrounds, scenes.scale)
    for corners in _corners(many, monkeypatch):
        # Corners are moved by at most 8 % of the height each.
        height = np.linalg.norm(corners[3] - corners[0])
        assert 0.8 * cards.SMALLEST < height < 1.2 * 0.95


@pytest.mark.parametrize(
    ("guesses", "familiar", "told"),
    [
        # By the card's first part, which is recognised; which is not.
        ((2, 2, 1), (True, True, True), (False, True, True, True)),
        ((1, 2, 2), (True, True, False), (True, False, False, True)),
        # The whole picture counts where it alone looks like a species.
        ((1, 2, 2), (False, True, True), (True, True, True, True)),
        ((1, 2, 2), (False, False, False), (True, False, False, False)),
    ],
)
def test_the_view_that_counts_decides(guesses, familiar, told):
    """The model is asked about two parts of a card, and the whole picture."""

    def answers(inputs):
        made = torch.full((len(inputs), 3), 0.01)
        for row, (guess, share) in enumerate(zip(guesses, (0.9, 0.5, 0.95), strict=True)):
            made[row, guess] = share
        return made, torch.tensor(familiar)

    classifier = SimpleNamespace(
        card=SimpleNamespace(
            preprocessing=SimpleNamespace(tensor=lambda picture: torch.zeros(3, 8, 8)),
            classes=CLASSES,
        ),
        answers=answers,
    )
    picture = Image.new("RGB", (9, 9))
    parts = {"whole card": picture, "illustration": picture, WHOLE: picture}
    assert cards._answers(classifier, cards.Seen("oddish", Views(parts, certain=True))) == told


def test_images_in_which_a_card_is_seen_are_kept_with_their_species():
    images = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "red")]
    shop = SimpleNamespace(
        labels=np.array([0, 1, 2]),
        indices=lambda part: np.array([1, 2] if part == "test" else [0]),
        folder=SimpleNamespace(classes=CLASSES, image=images.__getitem__),
    )
    card = TradingCard(np.float32([[0, 0], [20, 0], [20, 30], [0, 30]]), 0.9)
    finder = SimpleNamespace(
        find=lambda picture: (card,) if picture.getpixel((0, 0)) == (255, 0, 0) else ()
    )
    (seen,) = cards.taken_for_cards(finder, shop, "test")
    assert seen.species == "oddish"
    assert seen.views.of[WHOLE] is images[2]
