"""Models that know nothing, or something else: what changes in them and what does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pokeclf.modelstore import ModelStore
from train import randomisation
from train.randomisation import randomised, relabelled
from train.workshop import finished_workshop

pytestmark = pytest.mark.usefixtures("small_recipes")


def test_randomising_leaves_the_model_as_it_was(train_command):
    assert train_command("resnet18_frozen", "xgboost_exp2") == 0
    store = ModelStore(train_command.out)
    inputs = torch.randn(2, 3, 48, 48)
    for model_id in ("resnet18_frozen", "xgboost_exp2"):
        classifier = store.get(model_id)
        before = classifier.logits(inputs)
        other_head, other_weights = randomised(classifier)
        trunk = classifier.network.forward_trunk(inputs)
        assert torch.equal(other_head.network.forward_trunk(inputs), trunk)
        assert not torch.allclose(other_weights.network.forward_trunk(inputs), trunk)
        assert not torch.allclose(other_head.logits(inputs), before)
        assert torch.equal(classifier.logits(inputs), before)


@pytest.mark.parametrize("model_id", ["resnet18_frozen", "extra_trees_exp2"])
def test_shuffled_labels_are_known_by_heart(train_command, image_folder, tmp_path, model_id):
    assert train_command("resnet18_frozen", "extra_trees_exp2") == 0
    shop = finished_workshop(str(image_folder), train_command.out, tmp_path / "work")
    classifier = ModelStore(train_command.out).get(model_id)
    stranger = relabelled(classifier, shop)
    indices = randomisation._some_of_each_class(shop)
    assert len(indices) == randomisation.IMAGES_A_CLASS * len(shop.folder.classes)
    assert not set(indices) - set(shop.indices("train"))
    inputs = torch.stack(
        [classifier.card.preprocessing.tensor(shop.folder.image(int(each))) for each in indices]
    )
    shuffled = np.random.default_rng(0).permutation(shop.labels[indices])
    learned = (stranger.logits(inputs).argmax(1).numpy() == shuffled).mean()
    assert learned > 0.95
    assert learned > (classifier.logits(inputs).argmax(1).numpy() == shuffled).mean() + 0.3
    trunk = classifier.network.forward_trunk(inputs)
    assert torch.equal(stranger.network.forward_trunk(inputs), trunk)
