"""Deletion and insertion on a model whose reasons are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pokeclf import explain
from pokeclf.errors import PokeclfError
from pokeclf.explain import faithfulness as module
from pokeclf.explain.faithfulness import CELLS, faithfulness, random_scores, scores
from pokeclf.explain.result import to_heatmap


def _explanation(heat):
    heatmap = to_heatmap(heat, 160)
    return explain.Explanation(heatmap, heat, "convmixer", "occlusion", "abra", "input", 0.0)


def _corner_map():
    heat = np.zeros((CELLS, CELLS), np.float32)
    heat[-3:, -3:] = 1
    return heat


def test_the_true_reason_beats_all_random_maps_and_its_opposite_none(corner, corner_seen):
    random = random_scores(corner, corner_seen, "abra")
    assert len(random.deletion) == len(random.insertion) == len(random.road) == 100
    good = faithfulness(corner, corner_seen, _explanation(_corner_map()), random)
    assert good.beaten_deleting >= 98
    assert good.beaten_inserting >= 98
    assert good.beaten_removing >= 98
    bad = faithfulness(corner, corner_seen, _explanation(1 - _corner_map()), random)
    assert bad.beaten_deleting <= 2
    assert bad.beaten_inserting <= 2
    assert bad.beaten_removing <= 2
    assert good.deletion < bad.deletion
    assert good.insertion > bad.insertion
    assert good.road > 0 > bad.road
    # All curves begin with the picture as it is, or end with it.
    number = corner_seen.classes.index("abra")
    whole = corner_seen.probabilities[number]
    for each in (good.own, bad.own, random):
        assert each.deletion_curves.shape == (len(each.road), module.STEPS + 1)
        np.testing.assert_allclose(each.deletion_curves[:, 0], whole, atol=1e-5)
        np.testing.assert_allclose(each.insertion_curves[:, -1], whole, atol=1e-5)
        assert np.ptp(each.deletion_curves[:, -1]) == np.ptp(each.insertion_curves[:, 0]) == 0


def test_cells_of_equal_heat_do_not_come_in_reading_order():
    heat = torch.zeros(1, CELLS**2)
    heat[0, 100] = 1
    place = module._places(heat)[0]
    assert place[100] == 0
    assert sorted(place.tolist()) == list(range(CELLS**2))
    rest = torch.cat([place[:100], place[101:]]).float()
    reading = torch.arange(len(rest)).float()
    assert abs(np.corrcoef(rest, reading)[0, 1]) < 0.2


def test_an_area_by_hand(corner, corner_seen, monkeypatch):
    """With the whole picture as one step the area is the mean of its two ends."""
    monkeypatch.setattr(module, "STEPS", 2)
    # No two cells have the same heat, so that there is one order.
    maps = torch.from_numpy(_corner_map())[None] + torch.linspace(0, 0.1, CELLS**2).view(CELLS, -1)
    found = scores(corner, corner_seen, "abra", maps)
    number = corner_seen.classes.index("abra")

    def probability(image):
        return float(corner.probabilities(corner.logits(image))[0, number])

    mean = corner_seen.inputs.mean((2, 3), keepdim=True)
    half = corner_seen.inputs.clone()
    order = maps.flatten().argsort(dim=0, descending=True, stable=True)[: CELLS**2 // 2]
    mask = torch.zeros(CELLS**2)
    mask[order] = 1
    mask = torch.nn.functional.interpolate(mask.view(1, 1, CELLS, CELLS), (160, 160))
    half = corner_seen.inputs * (1 - mask) + mean * mask
    start, middle = probability(corner_seen.inputs), probability(half)
    end = probability(mean.expand_as(corner_seen.inputs))
    assert found.deletion[0] == pytest.approx((start + 2 * middle + end) / 4, abs=1e-5)


def test_random_maps_are_the_same_each_time_and_can_be_cancelled(corner, corner_seen):
    first, second = (random_scores(corner, corner_seen, "abra", count=5) for _ in range(2))
    np.testing.assert_array_equal(first.deletion, second.deletion)
    told = []
    random_scores(corner, corner_seen, "abra", told.append, count=10)
    assert told == sorted(told)
    assert told[-1] == 1

    def cancel(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        random_scores(corner, corner_seen, "abra", cancel, count=5)


def test_a_slow_computer_judges_as_many_random_maps_as_there_is_time_for(
    corner, corner_seen, monkeypatch
):
    now, told = [0.0], []

    def takes_ten_seconds(*_):
        now[0] += 10
        return scores(*_)

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module, "scores", takes_ten_seconds)
    whole = random_scores(corner, corner_seen, "abra", count=40)
    for seconds, maps in ((1, 10), (25, 20), (30, 30), (1000, 40)):
        some = random_scores(corner, corner_seen, "abra", told.append, count=40, seconds=seconds)
        assert len(some.road) == maps
        np.testing.assert_array_equal(some.deletion, whole.deletion[:maps])
        assert told == sorted(told)
        assert told[-1] == 1
        told.clear()


def test_an_empty_map_cannot_be_checked(corner, corner_seen):
    random = random_scores(corner, corner_seen, "abra", count=2)
    with pytest.raises(PokeclfError, match="marks nothing"):
        faithfulness(corner, corner_seen, _explanation(np.zeros((7, 7), np.float32)), random)
