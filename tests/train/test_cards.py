"""How recognising trading cards is measured, on the project's own drawings of cards."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from pokeclf import drawings
from pokeclf.imaging import decode
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
    ("guesses", "right"),
    [
        ((1, 2, 2), (False, True)),  # the card's first part, which is recognised
        ((1, 1, 2), (False, False)),  # which is not
        ((2, 2, 1), (True, True)),  # the whole picture does not count where a card is certain
    ],
)
def test_the_view_that_counts_decides(guesses, right):
    """The model is asked about the whole picture, and two views of it."""
    sure = [0.95, 0.9, 0.5]

    def logits(inputs):
        made = torch.full((len(inputs), 3), -9.0)
        for row, (guess, share) in enumerate(zip(guesses, sure, strict=True)):
            made[row, guess] = torch.logit(torch.tensor(share))
        return made

    classifier = SimpleNamespace(
        card=SimpleNamespace(
            preprocessing=SimpleNamespace(tensor=lambda picture: torch.zeros(3, 8, 8)),
            classes=CLASSES,
        ),
        logits=logits,
        probabilities=torch.sigmoid,
    )
    picture = Image.new("RGB", (9, 9))
    seen = cards.Seen("oddish", picture, {"whole card": picture, "illustration": picture})
    assert cards._answers(classifier, seen) == right
