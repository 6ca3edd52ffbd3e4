"""Loading checkpoints, telling bad ones, and keeping many in bounded memory."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from pokeclf import checkpoint, storage
from pokeclf.__main__ import main
from pokeclf.checkpoint import CheckpointError
from pokeclf.modelstore import ModelStore
from tests.tiny_checkpoints import save_tensors, write_random_checkpoint


@pytest.fixture
def root(tmp_path):
    write_random_checkpoint(tmp_path, "convmixer")
    return tmp_path


def _edit_card(root, change):
    path = root / "convmixer" / checkpoint.CARD
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def test_an_observation_is_a_distribution_with_the_best_first(root):
    observation = ModelStore(root).get("convmixer").observe(Image.new("RGB", (50, 70), "red"))
    assert observation.probabilities.shape == (151,)
    assert observation.probabilities.sum() == pytest.approx(1, abs=1e-5)
    top = observation.top(5)
    assert [g.probability for g in top] == sorted((g.probability for g in top), reverse=True)
    assert top[0] == observation.best
    assert observation.crop.size == (160, 160)


def test_the_temperature_softens(root):
    image = Image.new("RGB", (50, 50), "red")
    sharp = ModelStore(root).get("convmixer").observe(image)
    _edit_card(root, lambda card: card.update(temperature=20.0))
    soft = ModelStore(root).get("convmixer").observe(image)
    assert soft.best.species == sharp.best.species
    assert soft.best.probability < sharp.best.probability


def _flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _foreign(root):
    """Whole and with the right hash, but another network's weights."""
    tensors = {"somebody.elses": torch.zeros(3)}
    file = save_tensors(root / "convmixer", "weights.safetensors", tensors, "")
    _edit_card(root, lambda card: card["weights"][0].update(sha256=file.sha256))


def _not_safetensors(root):
    data = b"PK\x03\x04 a pickle in a zip"
    (root / "convmixer" / "weights.safetensors").write_bytes(data)
    digest = checkpoint.sha256(data)
    _edit_card(root, lambda card: card["weights"][0].update(sha256=digest))


WEIGHTS = "convmixer/weights.safetensors"
DAMAGE = {
    "altered weights": (lambda r: _flip_a_bit(r / WEIGHTS), "its hash does not fit"),
    "truncated weights": (
        lambda r: (r / WEIGHTS).write_bytes((r / WEIGHTS).read_bytes()[:1000]),
        "its hash does not fit",
    ),
    "missing weights": (lambda r: (r / WEIGHTS).unlink(), "missing or unreadable"),
    "foreign weights": (_foreign, "do not fit its architecture"),
    "a pickle": (_not_safetensors, "is not safetensors"),
    "no card": (lambda r: (r / "convmixer/card.json").unlink(), "is missing"),
    "card is not JSON": (
        lambda r: (r / "convmixer/card.json").write_bytes(b"\xff{"),
        "cannot be read",
    ),
    "card is a list": (
        lambda r: (r / "convmixer/card.json").write_text("[]"),
        "damaged or foreign",
    ),
    "a newer format": (
        lambda r: _edit_card(r, lambda c: c.update(format=99)),
        "has another format than 2",
    ),
    "another model's card": (
        lambda r: _edit_card(r, lambda c: c.update(model="vit_frozen")),
        "damaged or foreign",
    ),
    "a path out of the folder": (
        lambda r: _edit_card(r, lambda c: c["weights"][0].update(path="../../etc/passwd")),
        "damaged or foreign",
    ),
    "features of itself": (
        lambda r: _edit_card(r, lambda c: c.update(features_from="convmixer")),
        "damaged or foreign",
    ),
    "an accuracy that is none": (
        lambda r: _edit_card(r, lambda c: c["test"].update(accuracy=None)),
        "damaged or foreign",
    ),
    "an accuracy over 1": (
        lambda r: _edit_card(r, lambda c: c["test"].update(accuracy=7)),
        "damaged or foreign",
    ),
    "an endless input": (
        lambda r: _edit_card(r, lambda c: c["preprocessing"].update(size=float("inf"))),
        "damaged or foreign",
    ),
    "a huge input": (
        lambda r: _edit_card(r, lambda c: c["preprocessing"].update(size=10**6)),
        "damaged or foreign",
    ),
    "a temperature of 0": (
        lambda r: _edit_card(r, lambda c: c.update(temperature=0)),
        "damaged or foreign",
    ),
    "classes that are equal": (
        lambda r: _edit_card(r, lambda c: c.update(classes=["abra"] * 151)),
        "damaged or foreign",
    ),
    "bytes that are no number": (
        lambda r: _edit_card(r, lambda c: c["weights"][0].update(bytes="1")),
        "damaged or foreign",
    ),
    "an architecture that is a list": (
        lambda r: _edit_card(r, lambda c: c.update(architecture=[])),
        "damaged or foreign",
    ),
    "an unknown architecture": (
        lambda r: _edit_card(r, lambda c: c.update(architecture="os.system")),
        "do not fit",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_bad_checkpoint_is_one_sentence_and_the_others_go_on(root, kind):
    write_random_checkpoint(root, "resnet18_scratch")
    damage, words = DAMAGE[kind]
    damage(root)
    store = ModelStore(root)
    with pytest.raises(CheckpointError, match=words) as caught:
        store.get("convmixer")
    assert "\n" not in str(caught.value)
    assert store.get("resnet18_scratch").observe(Image.new("RGB", (20, 20))).probabilities.any()
    assert len(store.statuses()) == 15
    assert main([f"--checkpoints={root}", "models"]) == 0


def test_predictions_survive_the_round_trip(root):
    logits = np.random.default_rng(0).normal(size=(7, 151)).astype(np.float32)
    checkpoint.write_predictions(root / "convmixer", {"validation": logits + 1, "test": logits})
    for part, expected in (("validation", logits + 1), ("test", logits)):
        found = checkpoint.read_predictions(root / "convmixer", part)
        np.testing.assert_allclose(found, expected, atol=4e-3)
    (root / "convmixer" / checkpoint.PREDICTIONS).write_bytes(b"")
    with pytest.raises(CheckpointError, match="predictions of checkpoint convmixer"):
        checkpoint.read_predictions(root / "convmixer", "test")


def test_quantised_weights_in_several_files_are_served(root):
    """What a checkpoint keeps in few bits answers nearly as before."""
    folder = root / "convmixer"
    whole = ModelStore(root).get("convmixer")
    stored = storage.compact(whole.network.state_dict(), {"": 8})
    files = [
        save_tensors(folder, f"weights_{number}.safetensors", tensors, "")
        for number, tensors in enumerate(storage.shards(stored, 200_000), start=1)
    ]
    assert len(files) > 2
    raw = json.loads((folder / checkpoint.CARD).read_text())
    raw["weights"] = [vars(file) for file in files]
    (folder / checkpoint.CARD).write_text(json.dumps(raw))
    x = torch.randn(2, 3, 160, 160)
    expected = whole.logits(x)
    found = ModelStore(root).get("convmixer").logits(x)
    assert (found - expected).abs().max() < 0.05 * expected.abs().max()
    (folder / "weights_2.safetensors").unlink()
    with pytest.raises(CheckpointError, match="missing"):
        ModelStore(root).get("convmixer")


def test_shared_backbones_are_read_from_their_folder(tmp_path):
    folder = write_random_checkpoint(tmp_path, "resnet18_frozen")
    tensors = safetensors.torch.load_file(folder / "weights.safetensors")
    parts = {
        prefix: {
            name.removeprefix(prefix): value
            for name, value in tensors.items()
            if name.startswith(prefix)
        }
        for prefix in ("body.", "head.")
    }
    shared = save_tensors(tmp_path, "backbones/resnet18_x.safetensors", parts["body."], "body.")
    own = save_tensors(folder, "head.safetensors", parts["head."], "head.")
    whole = ModelStore(tmp_path).get("resnet18_frozen")
    raw = json.loads((folder / checkpoint.CARD).read_text())
    raw["weights"] = [vars(shared), vars(own)]
    (folder / checkpoint.CARD).write_text(json.dumps(raw))
    split = ModelStore(tmp_path).get("resnet18_frozen")
    x = torch.randn(1, 3, 160, 160)
    torch.testing.assert_close(split.logits(x), whole.logits(x))
