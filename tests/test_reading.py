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
    ("finder", "names"),
    [
        (None, (WHOLE,)),
        (_Finder(), (WHOLE,)),
        (_Finder(_card(CERTAIN)), tuple(PARTS)),
        (_Finder(_card(CERTAIN - 0.01)), (*PARTS, WHOLE)),
    ],
)
def test_a_picture_is_read_whole_or_by_the_parts_of_its_card(finder, names):
    picture = Image.new("RGB", (120, 100), "red")
    views = reading.views(picture, finder)
    assert tuple(views) == names
    if WHOLE in views:
        assert views[WHOLE] is picture


def test_the_first_card_counts():
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:, 100:] = 255
    views = reading.views(Image.fromarray(pixels), _Finder(_card(1, 100), _card(1, 0)))
    assert np.asarray(views["whole card"]).min() == 255


def test_a_drawing_of_a_card_is_recognised_by_one_of_its_parts():
    """The whole way, with the bundled finder and network."""
    classifier = ModelStore(hub.BUNDLED).get("vit_finetuned")
    views = reading.views(decode(FOLDER / "card-oddish.png"), reading.finder_in(hub.BUNDLED))
    found = reading.read(classifier, views)
    assert found.part in views
    assert found.observation.best.species == "oddish"
    alone = classifier.observe(views[found.part])
    np.testing.assert_array_equal(alone.probabilities, found.observation.probabilities)


def test_without_a_trained_finder_there_is_none(tmp_path):
    assert reading.finder_in(tmp_path) is None
    (tmp_path / tradingcards.FILE).write_bytes(b"damaged")
    with pytest.raises(tradingcards.CheckpointError):
        reading.finder_in(tmp_path)


ONE, TWO, THREE = PARTS


@pytest.mark.parametrize(
    ("answers", "counting"),
    [
        ({WHOLE: [0.6, 0.4]}, WHOLE),
        ({ONE: [0.6, 0.4], TWO: [0.1, 0.9], THREE: [0.5, 0.5]}, TWO),  # surest, and all say so
        ({ONE: [0.7, 0.3], TWO: [0.1, 0.9], THREE: [0.8, 0.2]}, THREE),  # the surest errs alone
        ({ONE: [0.7, 0.3], TWO: [0.6, 0.4], WHOLE: [0.2, 0.8]}, WHOLE),  # no card, by the look
        ({ONE: [0.7, 0.3], TWO: [0.9, 0.1], WHOLE: [0.2, 0.8]}, TWO),
    ],
)
def test_the_view_counts_that_is_surest_of_what_the_parts_say(answers, counting):
    assert reading.telling({name: np.array(each) for name, each in answers.items()}) == counting
