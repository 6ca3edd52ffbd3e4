"""A stored detector of pictures that show none of the classes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pokeclf import checkpoint, imaging, novelty
from pokeclf.checkpoint import CheckpointError
from pokeclf.drawings import FOLDER
from pokeclf.modelstore import ModelStore
from pokeclf.novelty import Detector, Distances, Novelty, Refusals, signs
from tests.test_sealed import flipped


@pytest.fixture
def card(root):
    return checkpoint.read_card(root / "convmixer")


@pytest.fixture
def fitted(card):
    """Classes along the axes, of unit spread."""
    means = torch.eye(len(card.classes), 256)
    detectors = {"both": Detector(0.95, {"photo": Refusals(150, 0.96, 0.96, 0.99)})}
    weights = ((0.5, -2.0, -1.0, 1.0), (0.1, -2.0, -1.0, 2.1))
    return Novelty(Distances(means, torch.eye(256)), weights, detectors)


def test_a_detector_comes_back(tmp_path, card, fitted):
    novelty.write(tmp_path, card, fitted)
    kept = novelty.read(tmp_path, card)
    assert (kept.weights, kept.detectors) == (fitted.weights, fitted.detectors)
    torch.testing.assert_close(kept.distances.means, fitted.distances.means)
    stored = novelty.stored(fitted.distances)
    assert torch.equal(kept.distances.whitening, stored.whitening)


def test_what_is_far_from_every_class_or_speaks_for_none_is_less_familiar(fitted):
    near = fitted.distances.means[[3]] + 0.01
    loud, quiet = torch.zeros(1, 151), torch.zeros(1, 151)
    loud[0, 3] = 12
    own = fitted.familiarity(near, loud)
    assert own.shape == (1,)
    assert fitted.familiarity(near, quiet) < own
    assert fitted.familiarity(-near, loud) < own


def test_the_signs_are_the_largest_logit_and_two_distances(fitted):
    random = torch.manual_seed(0)
    features, logits = torch.randn(5, 256, generator=random), torch.randn(5, 151, generator=random)
    unit = features / features.norm(dim=1, keepdim=True)
    apart = (unit[:, None] - fitted.distances.means[None]).square().sum(2)
    torch.testing.assert_close(fitted.distances.to_classes(features), apart)
    found = signs(fitted.distances, features, logits)
    for row in range(5):
        named = int(logits[row].argmax())
        expected = [logits[row, named], apart[row].min().log(), apart[row, named].log()]
        torch.testing.assert_close(found[row], torch.stack(expected))


def test_another_models_detector_is_none(tmp_path, card, fitted):
    assert novelty.read(tmp_path, card) is None
    novelty.write(tmp_path, card, fitted)
    other = replace(card, weights=(replace(card.weights[0], sha256="0" * 64),))
    assert novelty.read(tmp_path, other) is None


@pytest.mark.parametrize(
    "damage", [lambda data: data[:10], lambda data: data[:200], lambda data: data[:-10], flipped]
)
def test_a_damaged_detector_is_one_sentence(tmp_path, card, fitted, damage):
    novelty.write(tmp_path, card, fitted)
    path = tmp_path / novelty.FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match="train novelty"):
        novelty.read(tmp_path, card)


def test_a_detector_of_other_classes_is_damaged(tmp_path, card, fitted):
    few = Distances(fitted.distances.means[:9], fitted.distances.whitening)
    novelty.write(tmp_path, card, replace(fitted, distances=few))
    with pytest.raises(CheckpointError, match="damaged"):
        novelty.read(tmp_path, card)


def test_features_and_what_is_made_of_them_are_the_models_own(root):
    for model in ("convmixer", "vit_frozen"):
        classifier = ModelStore(root).get(model)
        inputs = classifier.card.preprocessing.tensor(imaging.decode(FOLDER / "eevee.png"))[None]
        with torch.inference_mode():
            features = classifier.features(inputs)
            logits = classifier.network.classify(features)
        torch.testing.assert_close(logits, classifier.logits(inputs), rtol=1e-4, atol=1e-4)
        assert classifier.familiarity(features) is None


def test_the_kind_counts_that_a_picture_is_least_told_from(fitted):
    random = torch.manual_seed(0)
    features, logits = torch.randn(9, 256, generator=random), torch.randn(9, 151, generator=random)
    alone = [
        replace(fitted, weights=(row,)).familiarity(features, logits) for row in fitted.weights
    ]
    torch.testing.assert_close(fitted.familiarity(features, logits), torch.minimum(*alone))
    assert 0 < (alone[0] < alone[1]).sum() < 9


def test_an_observation_says_how_familiar_it_is(root, fitted):
    classifier = ModelStore(root).get("convmixer")
    image = imaging.decode(FOLDER / "eevee.png")
    assert classifier.observe(image).familiarity is None
    assert classifier.observe(image).familiar
    strict = replace(classifier, novelty=replace(fitted, weights=((0.0, 0.0, 0.0, -1.0),)))
    assert strict.observe(image).familiarity == -1
    assert not strict.observe(image).familiar
