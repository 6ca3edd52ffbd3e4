"""Trading cards in pictures: found, straightened, and cut into parts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from pokeclf import drawings, hub, sealed, tradingcards
from pokeclf.checkpoint import CheckpointError, NotTrainedError
from pokeclf.imaging import decode
from pokeclf.models.cardfinder import SIDE, CardFinder
from pokeclf.tradingcards import HEIGHT, PARTS, WIDTH, Finder, part_of, straightened
from tests.card_scene import CORNERS, card_scene
from tests.test_sealed import flipped


@pytest.fixture(scope="module")
def finder():
    try:
        return tradingcards.load(hub.BUNDLED)
    except NotTrainedError:
        pytest.skip("the card finder is not trained")


def test_a_card_is_found_the_right_way_round(finder):
    (found,) = finder.find(card_scene())
    side = np.sqrt(found.area)
    assert np.linalg.norm(found.corners - CORNERS, axis=1).max() < 0.08 * side
    assert found.probability >= tradingcards.SURE


def test_two_cards_are_two(finder):
    scene = np.asarray(card_scene(CORNERS - np.float32([110, 40]))).copy()
    other = np.asarray(card_scene(CORNERS + np.float32([200, 60]), "card-magikarp"))
    scene[:, 360:] = other[:, 360:]
    found = finder.find(Image.fromarray(scene))
    assert len(found) == 2
    assert found[0].area >= found[1].area


@pytest.mark.parametrize("name", ["pikachu", "snorlax", "gengar", "porygon"])
def test_a_drawing_without_a_card_has_none(finder, name):
    assert finder.find(decode(drawings.FOLDER / f"{name}.png")) == ()


def test_any_shape_of_picture_can_be_looked_at():
    finder = Finder(CardFinder())
    for size in ((1, 900), (900, 1), (16, 16), (1000, 700)):
        finder.find(Image.new("RGB", size, "white"))


def test_what_lies_between_the_corners_is_straightened():
    card = straightened(card_scene(), CORNERS)
    assert card.size == (WIDTH, HEIGHT)
    drawn = decode(drawings.FOLDER / "card-oddish.png").resize(card.size)
    apart = np.abs(np.asarray(card, float) - np.asarray(drawn, float)).mean()
    assert apart < 20
    turned = straightened(card_scene(), np.roll(CORNERS, 2, 0))
    assert np.abs(np.asarray(turned, float) - np.asarray(drawn, float)).mean() > 2 * apart


def test_corners_outside_of_the_picture_can_be_straightened():
    assert straightened(card_scene(), CORNERS + 300).size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("part", PARTS)
def test_parts_lie_where_they_say(part):
    left, top, right, bottom = PARTS[part]
    cut = part_of(Image.new("RGB", (200, 400)), part)
    assert cut.size == (round(200 * right) - round(200 * left), round(400 * (bottom - top)))


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (192, 192), (96, 60)])
def test_a_letterboxed_picture_is_found_by_its_scale_and_shift(size):
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    x, y = size[0] // 2, size[1] // 4
    pixels[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5] = 255
    square, scale, shift = tradingcards.letterboxed(pixels)
    assert square.shape == (SIDE, SIDE, 3)
    bright = np.argwhere((square == 255).all(2)).mean(0)[::-1]
    np.testing.assert_allclose(np.array([x, y]) * scale + shift, bright, atol=1.5)


def test_sides_snap_to_edges_nearby_and_stay_where_there_are_none():
    square = np.full((SIDE, SIDE, 3), 60, np.uint8)
    edges = np.float32([[50, 40], [130, 40], [130, 150], [50, 150]])
    cv2.fillConvexPoly(square, edges.astype(int), (200, 180, 90))
    near = edges + np.float32([[2, -2], [-2, 2], [2, 1], [-1, -2]])
    assert np.abs(tradingcards._snapped(square, near) - edges).max() < 1.5
    even = np.full((SIDE, SIDE, 3), 60, np.uint8)
    np.testing.assert_allclose(tradingcards._snapped(even, near), near)


def test_without_a_finder_and_with_a_damaged_one_there_is_a_sentence(tmp_path):
    with pytest.raises(NotTrainedError, match="No finder"):
        tradingcards.load(tmp_path)
    weights = CardFinder().state_dict()
    whole = sealed.pack(weights)
    del weights["head.0.weight"]
    for bad in (whole[:-10], flipped(whole), sealed.pack(weights)):
        (tmp_path / tradingcards.FILE).write_bytes(bad)
        with pytest.raises(CheckpointError, match="damaged"):
            tradingcards.load(tmp_path)
    (tmp_path / tradingcards.FILE).write_bytes(whole)
    tradingcards.load(tmp_path)


def test_the_network_tells_a_grid_of_cards():
    centres, corners = CardFinder().eval()(torch.zeros(2, 3, SIDE, SIDE))
    assert centres.shape == (2, 12, 12)
    assert corners.shape == (2, 8, 12, 12)
