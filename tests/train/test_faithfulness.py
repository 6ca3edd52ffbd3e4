"""Are maps better than random ones, and do they change with the weights?"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image

from pokeclf import checkpoint, explain
from pokeclf.explain import trust
from pokeclf.explain.faithfulness import CELLS
from pokeclf.modelstore import ModelStore
from train.__main__ import main
from train.faithfulness import correlation, gains_on, maps_of

pytestmark = pytest.mark.usefixtures("small_recipes")


@pytest.fixture
def faithfulness_command(train_command, image_folder, tmp_path):
    """Runs ``python -m train faithfulness`` in this process."""

    def run(*arguments):
        rest = [f"--data={image_folder}", f"--out={train_command.out}"]
        return main(["faithfulness", *arguments, *rest, f"--work={tmp_path / 'work'}"])

    return run


def _known(folder):
    return trust.read(folder, checkpoint.read_card(folder).weights_sha256)


def test_every_fast_method_is_examined_and_stored(
    train_command, faithfulness_command, monkeypatch, capsys
):
    monkeypatch.setattr(trust, "RANDOMISED_IMAGES", 2)
    assert train_command("convmixer", "resnet18_frozen", "extra_trees_exp2") == 0
    assert faithfulness_command("all", "--images=3") == 0
    store = ModelStore(train_command.out)
    for model_id in ("convmixer", "resnet18_frozen", "extra_trees_exp2"):
        known = _known(train_command.out / model_id)
        fast = {each.id for each in explain.methods_of(store.get(model_id)) if not each.slow}
        assert set(known) == fast
        for row in known.values():
            assert row.images == 3
            assert row.deletion_low <= row.deletion <= row.deletion_high
            assert math.isnan(row.other_head) or -1 <= row.other_head <= 1
        if "eigen-cam" in known:  # which looks at the features alone
            assert known["eigen-cam"].other_head == known["eigen-cam"].other_labels == 1
    # Training a model again takes away what was found about the old one.
    assert train_command("convmixer", "--again") == 0
    assert _known(train_command.out / "convmixer") == {}
    assert faithfulness_command("convmixer", "--images=1") == 2
    assert "--images takes" in capsys.readouterr().err


def test_an_empty_map_gains_nothing_and_a_rank_correlation_by_hand(train_command):
    assert train_command("convmixer") == 0
    classifier = ModelStore(train_command.out).get("convmixer")
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    seen = classifier.observe(Image.fromarray(pixels))
    maps = maps_of(classifier, seen, seen, explain.methods_of(classifier)[:1])
    maps["nothing"] = torch.zeros(CELLS, CELLS)
    found = gains_on(classifier, seen, maps, seed=0)
    assert found.deletion.shape == (2,)
    assert found.deletion[1] == found.insertion[1] == found.road[1] == 0
    rising = torch.arange(9.0).view(3, 3)
    assert correlation(rising, rising**3) == pytest.approx(1)
    assert correlation(rising, -rising) == pytest.approx(-1)
    assert np.isnan(correlation(rising, torch.zeros(3, 3)))
