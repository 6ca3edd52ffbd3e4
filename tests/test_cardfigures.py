"""Stored figures on trading cards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pokeclf import cardfigures
from pokeclf.cardfigures import CardFigures
from pokeclf.errors import PokeclfError
from pokeclf.evaluation import Metrics, Proportion

FOUND = CardFigures(
    "vit_finetuned", "a" * 64, "b" * 64, 78, 66, 72, 234, 220, 120, 200, 300, 280, 285, 270, 276
)


def test_figures_come_back_in_the_studys_order(tmp_path):
    other = replace(FOUND, model="convmixer")
    cardfigures.write(tmp_path, {"vit_finetuned": FOUND, "convmixer": other})
    assert cardfigures.read(tmp_path) == {"convmixer": other, "vit_finetuned": FOUND}
    assert list(cardfigures.read(tmp_path)) == ["convmixer", "vit_finetuned"]
    assert FOUND.on_upright.share == 72 / 78
    assert FOUND.on_photos.share == 200 / 234


def test_what_looking_for_cards_does_to_all_images():
    test = Metrics(2000, 0.96, 0.95, 0.97, 0.99, 0.95, 0.95, 0.2, 0.01, 0.02)
    assert FOUND.as_read(test) == Proportion(1925, 2000)
    assert FOUND.accepted_as_read(test, 0.95) == pytest.approx(0.953)


def test_nothing_may_have_been_measured(tmp_path):
    assert cardfigures.read(tmp_path) == {}


@pytest.mark.parametrize(
    "change",
    [(b",72,", b",79,"), (b",78,", b",many,"), (b"vit_finetuned", b"no_model"), (b",", b";")],
)
def test_a_damaged_file_is_one_sentence(tmp_path, change):
    cardfigures.write(tmp_path, {"vit_finetuned": FOUND})
    path = tmp_path / cardfigures.FILE
    path.write_bytes(path.read_bytes().replace(*change))
    with pytest.raises(PokeclfError, match="train cards"):
        cardfigures.read(tmp_path)
