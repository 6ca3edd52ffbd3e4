"""Pictures shown as parts of photographed cards."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from train.cardphotos import Scenes
from train.cardviews import ILLUSTRATION, CardViews, illustrated

YELLOW, RED, GREY = (250, 220, 40), (220, 30, 30), (128, 128, 128)


def _plain(colour, height=240, width=172):
    return np.full((height, width, 3), colour, np.uint8)


@pytest.fixture
def views():
    backgrounds = [_plain(GREY, 200, 200)]
    return CardViews(Scenes([("mew", _plain(YELLOW))], backgrounds, 1.5), frozenset({7}), 1.0)


def _redness(pixels):
    pixels = np.asarray(pixels, np.float32).reshape(-1, 3).mean(0)
    return pixels[0] / (pixels[1] + 1)


def test_a_picture_takes_the_place_of_the_illustration_and_of_nothing_else():
    made = illustrated(_plain(YELLOW), _plain(RED, 50, 300))
    left, top, right, bottom = ILLUSTRATION
    inside = made[round(240 * top) : round(240 * bottom), round(172 * left) : round(172 * right)]
    assert (inside == RED).all()
    assert (made == RED).all(2).sum() == inside.shape[0] * inside.shape[1]
    assert ((made == RED).all(2) | (made == YELLOW).all(2)).all()


def test_views_show_the_picture_and_not_what_lies_around(views):
    seen = [
        views.view(1, Image.fromarray(_plain(RED, 90, 120)), np.random.default_rng(seed))
        for seed in range(20)
    ]
    # The illustration alone is as red as the picture; the whole card is yellow, too.
    assert np.median([_redness(view) for view in seen]) > 2
    assert all(view.mode == "RGB" and min(view.size) > 50 for view in seen)


def test_a_card_is_photographed_as_it_is(views):
    card = Image.fromarray(_plain(RED))
    seen = [views.view(7, card, np.random.default_rng(seed)) for seed in range(20)]
    assert np.mean([_redness(view) > 1.5 for view in seen]) > 0.9


def test_the_same_number_gives_the_same_view_and_a_share_of_none_the_picture(views):
    picture = Image.fromarray(_plain(RED))
    first, second = (np.asarray(views.view(1, picture, np.random.default_rng(3))) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    never = CardViews(views.scenes, views.cards, 0.0)
    assert never.view(1, picture, np.random.default_rng(3)) is picture


def test_a_card_comes_several_times_an_epoch_and_other_pictures_once(views):
    repeated = views.repeated(np.array([3, 7, 9]), 3)
    assert sorted(repeated) == [3, 7, 7, 7, 9]
