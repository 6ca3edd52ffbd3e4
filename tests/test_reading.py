"""What of a picture a model is asked about, and which of its answers counts."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pokeclf import hub, reading, tradingcards
from pokeclf.drawings import FOLDER
from pokeclf.imaging import decode
from pokeclf.modelstore import ModelStore
from pokeclf.tradingcards import CERTAIN, PARTS, WHOLE, TradingCard


class _Finder:
    """Finds the same cards in every picture."""

    def __init__(self, *cards):
        self.cards = cards

    def find(self, picture):
        return self.cards


def _card(probability, left=0):
    corners = np.float32([[left, 0], [left + 63, 0], [left + 63, 88], [left, 88]])
    return TradingCard(corners, probability)


@pytest.mark.parametrize(
    ("finder", "names", "certain"),
    [
        (None, (WHOLE,), False),
        (_Finder(), (WHOLE,), False),
        (_Finder(_card(CERTAIN)), (*PARTS, WHOLE), True),
        (_Finder(_card(CERTAIN - 0.01)), (*PARTS, WHOLE), False),
    ],
)
def test_a_picture_is_read_whole_or_by_the_parts_of_its_card(finder, names, certain):
    picture = Image.new("RGB", (120, 100), "red")
    views = reading.views(picture, finder)
    assert (tuple(views.of), views.certain) == (names, certain)
    assert views.of[WHOLE] is picture


def test_the_first_card_counts():
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:, 100:] = 255
    views = reading.views(Image.fromarray(pixels), _Finder(_card(1, 100), _card(1, 0)))
    assert np.asarray(views.of["whole card"]).min() == 255


def test_a_drawing_of_a_card_is_recognised_by_one_of_its_parts():
    """The whole way, with the bundled finder and network."""
    classifier = ModelStore(hub.BUNDLED).get("vit_finetuned")
    views = reading.views(decode(FOLDER / "card-oddish.png"), reading.finder_in(hub.BUNDLED))
    found = reading.read(classifier, views)
    assert found.part in views.of
    assert found.observation.best.species == "oddish"
    alone = classifier.observe(views.of[found.part])
    np.testing.assert_array_equal(alone.probabilities, found.observation.probabilities)


def test_without_a_trained_finder_there_is_none(tmp_path):
    assert reading.finder_in(tmp_path) is None
    (tmp_path / tradingcards.FILE).write_bytes(b"damaged")
    with pytest.raises(tradingcards.CheckpointError):
        reading.finder_in(tmp_path)


ONE, TWO, THREE = PARTS


@pytest.mark.parametrize(
    ("answers", "certain", "counting"),
    [
        ({WHOLE: [0.6, 0.4]}, False, WHOLE),
        # The surest of what all parts say together, not the surest of anything, which errs alone.
        ({ONE: [0.6, 0.4], TWO: [0.1, 0.9], THREE: [0.5, 0.5]}, True, TWO),
        ({ONE: [0.7, 0.3], TWO: [0.1, 0.9], THREE: [0.8, 0.2]}, True, THREE),
        # The whole picture, where that is surer and there may be no card.
        ({ONE: [0.7, 0.3], TWO: [0.6, 0.4], WHOLE: [0.2, 0.8]}, False, WHOLE),
        ({ONE: [0.7, 0.3], TWO: [0.9, 0.1], WHOLE: [0.2, 0.8]}, False, TWO),
        ({ONE: [0.7, 0.3], TWO: [0.6, 0.4], WHOLE: [0.2, 0.8]}, True, ONE),
    ],
)
def test_the_view_that_counts_is_surest_of_what_the_parts_say(answers, certain, counting):
    probabilities = {name: np.array(each) for name, each in answers.items()}
    assert reading.telling(probabilities, set(answers), certain) == counting


@pytest.mark.parametrize("certain", [True, False])
@pytest.mark.parametrize(
    ("familiar", "counting"),
    [
        ({ONE, WHOLE}, ONE),
        ({TWO}, TWO),  # says the same as the surest part
        ({TWO, WHOLE}, TWO),
        ({THREE}, ONE),  # says something else
        ({THREE, WHOLE}, WHOLE),
        ({WHOLE}, WHOLE),
        (set(), ONE),
    ],
)
def test_where_the_surest_part_looks_like_no_species_another_view_may_count(
    certain, familiar, counting
):
    answers = {ONE: [0.9, 0.1], TWO: [0.6, 0.4], THREE: [0.3, 0.7], WHOLE: [0.2, 0.8]}
    probabilities = {name: np.array(each) for name, each in answers.items()}
    assert reading.telling(probabilities, familiar, certain) == counting


def test_what_is_made_of_views_keeps_their_names_and_the_certainty():
    views = reading.Views({ONE: 2, WHOLE: 3}, certain=True)
    assert views.map(str) == reading.Views({ONE: "2", WHOLE: "3"}, certain=True)
