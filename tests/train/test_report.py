"""The README's figures, the page of results and the model cards are those of the checkpoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pokeclf import checkpoint, hub, promises, results, study
from pokeclf.cardfigures import CardFigures
from pokeclf.errors import PokeclfError
from pokeclf.explain.trust import Trust
from pokeclf.modelstore import ModelStore
from pokeclf.novelty import Detector, Distances, Novelty, Refusals
from pokeclf.split import Split
from tests.tiny_checkpoints import write_random_checkpoint
from train import promised, report, tables, trusttable
from train.modelcards import model_card

PARTS = {
    "train": (), "validation": (),
    "test": ("abra/1.jpg", "abra/2.jpg", "zubat/3.jpg", "zubat/4.jpg"),
}  # fmt: skip
SPLIT = Split("made up", 0, PARTS, (), {"card": ("abra/1.jpg", "zubat/3.jpg")})


TRUST = Trust(
    "grad-cam",
    "a" * 64,
    200,
    0.01,
    0.3,
    0.25,
    0.35,
    0.2,
    -0.01,
    0.41,
    0.1,
    0.05,
    0.15,
    0.4,
    0.6,
    0.1,
)


@pytest.fixture(scope="module")
def stored():
    return report.read_stored(hub.BUNDLED)


DETECTOR = Novelty(
    Distances(torch.zeros(2, 3), torch.eye(3)), ((1.0, -1.0, 0.0, 0.0),),
    {
        "energy": Detector(0.94, {}),
        "both": Detector(0.95, {"photo": Refusals(150, 0.96, 0.955, 0.991)}),
    },
)  # fmt: skip
CARDS = CardFigures("convmixer", "a", "b", 10, 5, 9, 10, 7, 3, 8, 40, 20, 30, 40, 40)


def test_the_readmes_table_is_what_the_cards_say():
    readme = report.README.read_text(encoding="utf-8")
    table = report.results_table(ModelStore(hub.BUNDLED))
    assert report.with_table(readme, "results", table) == readme


def test_the_readmes_promises_are_what_was_measured(stored):
    readme = report.README.read_text(encoding="utf-8")
    table = promised.table(promised.read(hub.BUNDLED, stored, promises.FIGURES))
    assert report.with_table(readme, "promises", table) == readme


def test_the_page_of_results_is_what_the_checkpoints_say(stored):
    assert report.RESULTS.read_text(encoding="utf-8") == report.results_page(stored)


def test_the_model_cards_are_what_the_checkpoints_say(stored):
    for model_id, result in stored.tuned.items():
        text = (hub.BUNDLED / model_id / "README.md").read_text(encoding="utf-8")
        assert text == model_card(
            result, stored.trust.get(model_id, {}), stored.novelty.get(model_id)
        ), model_id


def test_every_model_has_a_row_with_its_figures(tmp_path):
    write_random_checkpoint(tmp_path, "convmixer", accuracy=0.8125)
    table = report.results_table(ModelStore(tmp_path))
    assert table.count("\n| `") == 15
    assert "| `convmixer` | scratch | 0.7 M | 71.09% | **81.25%** (79.2%–83.2%)" in table
    assert "1 of 15 models are trained" in table


def test_lost_marks_and_no_models_are_said(tmp_path):
    with pytest.raises(PokeclfError, match="lost the marks"):
        report.with_table("# a README without them", "results", "table")
    with pytest.raises(PokeclfError, match="No model is trained yet"):
        report.results_table(ModelStore(tmp_path))


def _result(root, model_id, guesses):
    """A made-up result that guesses these class numbers for the four test images."""
    folder = write_random_checkpoint(root, model_id)
    logits = 5 * np.eye(151, dtype=np.float32)[guesses]
    checkpoint.write_predictions(folder, {"test": logits})
    (folder / checkpoint.HISTORY).write_text("epoch,train_accuracy\n0,0.125\n")
    card = replace(checkpoint.read_card(folder), split_fingerprint=SPLIT.fingerprint)
    checkpoint.write_card(folder, card)
    return results.read(folder, SPLIT)


def test_a_result_knows_what_was_right_and_of_which_kind(tmp_path):
    result = _result(tmp_path, "convmixer", [0, 150, 0, 150])
    zubat = result.card.classes.index("zubat")
    assert result.labels.tolist() == [0, 0, zubat, zubat]
    assert result.right.tolist() == [True, False, False, zubat == 150]
    assert {kind: found.trials for kind, found in result.accuracy_by_kind().items()} == {"card": 2}
    np.testing.assert_allclose(result.probabilities.sum(1), 1, rtol=1e-5)


def test_results_of_another_split_are_refused(tmp_path):
    _result(tmp_path, "convmixer", [0, 0, 0, 0])
    with pytest.raises(checkpoint.CheckpointError, match="another split"):
        results.read(tmp_path / "convmixer", replace(SPLIT, parts={**PARTS, "train": ("a/1",)}))


def test_a_lost_history_is_said(tmp_path):
    _result(tmp_path, "convmixer", [0, 0, 0, 0])
    (tmp_path / "convmixer" / checkpoint.HISTORY).unlink()
    with pytest.raises(checkpoint.CheckpointError, match="history of checkpoint convmixer"):
        results.read(tmp_path / "convmixer", SPLIT)


def test_tables_of_made_up_results(tmp_path):
    first = _result(tmp_path, "convmixer", [0, 0, 0, 0])
    zubat = first.card.classes.index("zubat")
    second = _result(tmp_path / "study", "convmixer", [0, zubat, zubat, zubat])
    third = _result(tmp_path, "resnet18_scratch", [0, zubat, zubat, zubat])
    stored = tables.Stored(
        tuned={"convmixer": first, "resnet18_scratch": third},
        study={"convmixer": second},
        seeds={"convmixer": (first, second)},
        diagnosis=(),
        novelty={"convmixer": DETECTOR},
        cards={"convmixer": CARDS},
        trust={"convmixer": {"grad-cam": TRUST}},
    )
    assert "| `convmixer` | 50.0% (9%–91%) |" in tables.by_kind(stored)
    assert (
        "| `convmixer` | 71.09% | 50.00% (48.0%–52.0%) | 1 | – | – | 12.5% | 2 |"
        in tables.recipes(stored)
    )
    settings = {"epochs": 1, "eval_size": 64}
    ended = replace(second, card=replace(second.card, settings=settings))
    allowed = study.find("convmixer").recipes["tuned"].epochs
    told = tables.recipes(replace(stored, study={"convmixer": ended}))
    assert f"| 1 of {allowed} | 64 px | – | 12.5% | 2 |" in told
    assert "50.00% ± 0.00" in tables.seeds(stored)
    # Of the four, the first alone is right once and the other alone twice.
    assert "| `convmixer` | `resnet18_scratch` | 1 | 2 | 1.0000 |" in tables.neighbours(stored)
    row = "Grad-CAM | +0.300 ± 0.050 | +0.200 ± 0.210 | +0.100 ± 0.050 | **no** | 1.0% | 0.40 |"
    assert f"| `convmixer` | {row} **0.60** |" in trusttable.table(stored)
    assert row in model_card(first, stored.trust["convmixer"], None)
    assert "## Explanations" not in model_card(third, {}, None)
    told = "| **both** | **95.0%** | **96.0%** | **95.5%** | **0.991** |"
    assert f"| `convmixer` {told}" in tables.detectors(stored)
    assert "| `convmixer` | energy | 94.0% | – | – |" in tables.detectors(stored)
    assert told in model_card(first, {}, DETECTOR)
    assert "something else" not in model_card(third, {}, None)
    assert (
        "| `convmixer` | 90.0% (60%–98% of 10) | 50.0% | 80.0% (49%–94% of 10) | 30.0% | 70.0% "
        "| 50.0% | 50.5% |" in tables.cards(stored)
    )
