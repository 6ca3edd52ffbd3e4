"""The README's figures are those of the bundled checkpoints."""

from __future__ import annotations

import pytest

from pokeclf import hub
from pokeclf.classifier import ModelStore
from pokeclf.errors import PokeclfError
from tests.tiny_checkpoints import write_random_checkpoint
from train import report


def test_the_readmes_table_is_what_the_cards_say():
    readme = report.README.read_text(encoding="utf-8")
    assert report.with_table(readme, report.results_table(ModelStore(hub.BUNDLED))) == readme


def test_every_model_has_a_row_with_its_figures(tmp_path):
    write_random_checkpoint(tmp_path, "convmixer", accuracy=0.8125)
    table = report.results_table(ModelStore(tmp_path))
    assert table.count("\n| `") == 15
    assert "| `convmixer` | scratch | 0.7 M | 71.09% | **81.25%** (79.2%–83.2%)" in table
    assert "1 of 15 models are trained" in table


def test_lost_marks_and_no_models_are_said(tmp_path):
    with pytest.raises(PokeclfError, match="lost the marks"):
        report.with_table("# a README without them", "table")
    with pytest.raises(PokeclfError, match="No model is trained yet"):
        report.results_table(ModelStore(tmp_path))
