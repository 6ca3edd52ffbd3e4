"""Curves of deletion and insertion beside those of random maps."""

from __future__ import annotations

import numpy as np
import pytest

from pokeclf import alternatives, charts


@pytest.mark.parametrize("draw", [charts.faithfulness.deletion, charts.faithfulness.insertion])
def test_a_maps_curve_is_drawn_with_the_middle_and_the_outer_random_ones(draw):
    random = np.repeat(np.linspace(0, 1, 101)[:, None], 3, 1)
    figure = draw(np.array([0.9, 0.5, 0.1]), random, "Onix")
    found = {trace.name: list(trace.y) for trace in figure.data}
    assert found["this map"] == pytest.approx([90, 50, 10])
    assert found["random maps, the median"] == pytest.approx([50] * 3)
    assert found["5 of 100 random maps are below"] == pytest.approx([5] * 3)
    assert found["95 of 100 random maps are below"] == pytest.approx([95] * 3)
    assert all(list(trace.x) == [0, 50, 100] for trace in figure.data)
    said = alternatives.words(alternatives.numbers(figure))
    assert "this map: probability of Onix (%): highest 90" in said
