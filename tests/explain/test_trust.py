"""What is stored about a model's methods, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pokeclf.checkpoint import CheckpointError
from pokeclf.explain import trust
from pokeclf.explain.trust import Trust
from train import trusttable

GOOD = Trust(
    "grad-cam", "a" * 64, 200, 0.005,
    0.3, 0.25, 0.35, 0.2, 0.1, 0.3, 0.1, -0.05, 0.25, 0.4, 0.1, 0.2,
)  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    second = replace(GOOD, method="eigen-cam", deletion_low=-0.01, other_weights=0.8)
    trust.write(tmp_path, [GOOD, second])
    assert trust.read(tmp_path, GOOD.weights) == {"grad-cam": GOOD, "eigen-cam": second}


def test_what_was_found_of_other_weights_is_not_told(tmp_path):
    trust.write(tmp_path, [GOOD])
    assert trust.read(tmp_path, "b" * 64) == {}


def test_what_could_not_be_compared_stays_unknown(tmp_path):
    trust.write(tmp_path, [replace(GOOD, other_head=math.nan, other_labels=math.nan)])
    (row,) = trust.read(tmp_path, GOOD.weights).values()
    assert math.isnan(row.other_head)
    assert not row.ignores_labels
    assert "nan" not in " ".join(trusttable.row(row))


def test_both_of_the_first_two_tests_must_be_passed():
    assert GOOD.beats_random
    assert not replace(GOOD, deletion_low=-0.001).beats_random
    assert not replace(GOOD, insertion_low=0.0).beats_random


def test_maps_that_stay_the_same_for_a_model_that_knows_nothing_are_told():
    assert not GOOD.ignores_weights
    assert replace(GOOD, other_weights=0.51).ignores_weights
    assert not GOOD.ignores_labels
    assert replace(GOOD, other_labels=0.51).ignores_labels


def test_a_model_that_was_not_examined_has_nothing(tmp_path):
    assert trust.read(tmp_path, GOOD.weights) == {}


@pytest.mark.parametrize("text", ["method,images\ngrad-cam,200\n", "\xff", "method\n\0", ""])
def test_a_damaged_file_is_said(tmp_path, text):
    trust.write(tmp_path, [GOOD])
    whole = (tmp_path / trust.FILE).read_text()
    (tmp_path / trust.FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(CheckpointError, match="python -m train faithfulness"):
        trust.read(tmp_path, GOOD.weights)
    for old, new in (("200", "many"), ("0.30000", "nan"), ("grad-cam", "palmistry")):
        (tmp_path / trust.FILE).write_text(whole.replace(old, new))
        with pytest.raises(CheckpointError, match="damaged"):
            trust.read(tmp_path, GOOD.weights)
