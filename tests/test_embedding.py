"""Embeddings are kept beside their weights and refused for any others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pokeclf import checkpoint, embedding
from pokeclf.checkpoint import CheckpointError, WeightFile
from tests.tiny_checkpoints import write_random_checkpoint


@pytest.fixture
def folder(tmp_path):
    """A checkpoint that was tested on five images."""
    folder = write_random_checkpoint(tmp_path, "convmixer")
    card = checkpoint.read_card(folder)
    checkpoint.write_card(folder, replace(card, test=replace(card.test, images=5)))
    return folder


@pytest.fixture
def card(folder):
    return checkpoint.read_card(folder)


PLACES = np.linspace(-1, 1, 10, dtype=np.float32).reshape(5, 2)


def test_places_come_back_almost_as_they_were(folder, card):
    embedding.write(folder, card, PLACES)
    found = embedding.read(folder, card)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, PLACES, atol=5e-4)
    assert (folder / embedding.FILE).stat().st_size < 300


def test_other_weights_and_other_splits_refuse_it(folder, card):
    embedding.write(folder, card, PLACES)
    retrained = replace(card, weights=(WeightFile("weights.safetensors", "0" * 64, 1),))
    for other in (retrained, replace(card, split_fingerprint="another")):
        with pytest.raises(CheckpointError, match="of other weights or another split"):
            embedding.read(folder, other)


@pytest.mark.parametrize(
    "places",
    [
        PLACES[:4], PLACES[:, :1], PLACES.ravel(), 2 * PLACES, np.full((5, 2), np.nan),
        np.full((5, 2), np.inf), PLACES[:0],
    ],
    ids=["short", "1-D", "flat", "far out", "nan", "infinite", "empty"],
)  # fmt: skip
def test_damaged_places_are_refused(folder, card, places):
    embedding.write(folder, card, places)
    with pytest.raises(CheckpointError, match="is damaged; python -m train embed convmixer"):
        embedding.read(folder, card)


@pytest.mark.parametrize("keep", [0, 7, 60, -1])
def test_a_cut_file_is_refused(folder, card, keep):
    embedding.write(folder, card, PLACES)
    data = (folder / embedding.FILE).read_bytes()
    (folder / embedding.FILE).write_bytes(data[:keep])
    with pytest.raises(CheckpointError, match="is damaged"):
        embedding.read(folder, card)


def test_a_missing_one_is_said_with_the_command(folder, card):
    with pytest.raises(CheckpointError, match="python -m train embed convmixer --data DIR does"):
        embedding.read(folder, card)


def test_trees_have_the_embedding_of_their_network(card):
    assert embedding.owner(card) == "convmixer"
    assert embedding.owner(replace(card, features_from="resnet18_frozen")) == "resnet18_frozen"
