"""Colours over pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pokeclf.explain.overlay import Paint, captioned, difference_overlay, overlay

CROP = Image.new("RGB", (16, 16), (10, 200, 30))


@pytest.fixture
def heatmap():
    rising = np.repeat(np.linspace(0, 1, 16, dtype=np.float32)[::-1, None], 16, 1)
    return np.ascontiguousarray(rising)


def test_the_picture_alone_at_strength_0_and_bright_where_the_map_is_strong(heatmap):
    assert overlay(CROP, heatmap, Paint(0)).tobytes() == CROP.tobytes()
    full = np.asarray(overlay(CROP, heatmap, Paint(1)))
    assert (full[0, 0] > full[15, 15]).sum() >= 2


def test_what_lies_below_the_threshold_is_left_as_it_is(heatmap):
    shown = np.asarray(overlay(CROP, heatmap, Paint(1, 0.5)))
    original = np.asarray(CROP)
    assert (shown[8:] == original[8:]).all()
    assert (shown[:8] != original[:8]).any(2).all()


def test_a_difference_is_orange_above_0_purple_below_and_grey_at_0():
    difference = np.zeros((16, 16), np.float32)
    difference[:5], difference[11:] = 1, -1
    shown = np.asarray(difference_overlay(CROP, difference, Paint(1))).astype(int)
    assert (shown[5:11] == np.asarray(CROP.convert("L"))[5:11, :, None]).all()
    red, _, blue = shown[0, 0]
    assert red > blue
    red, _, blue = shown[15, 0]
    assert blue > red


def test_a_difference_of_strength_0_is_the_grey_picture_alone():
    crop = Image.new("RGB", (2, 2), (10, 20, 30))
    difference = np.array([[1, -1], [0.5, 0]], np.float32)
    grey = crop.convert("L").convert("RGB")
    assert difference_overlay(crop, difference, Paint(0)).tobytes() == grey.tobytes()


def test_a_captioned_picture_has_room_for_its_lines():
    lines = ["short", "a line that is a good deal longer than the picture is wide " * 2]
    one, two = captioned(CROP, lines[:1]), captioned(CROP, lines)
    assert two.height > one.height
    assert two.width > one.width
    strip = np.asarray(one)[-60:]  # the scale of colours below the text
    assert len(np.unique(strip.reshape(-1, 3), axis=0)) > 100


@pytest.mark.parametrize("wrong", [{"strength": 1.5}, {"threshold": -0.1}])
def test_shares_outside_0_to_1_are_refused(wrong):
    with pytest.raises(ValueError, match="is not within"):
        Paint(**wrong)
