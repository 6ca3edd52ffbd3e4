"""Test images are arranged by the features of a network, the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from pokeclf import checkpoint, embedding
from pokeclf.checkpoint import CheckpointError
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from train.__main__ import main
from train.embed import features, reduce
from train.workshop import finished_workshop


def test_alike_features_come_to_lie_beside_each_other():
    random = np.random.default_rng(0)
    centres = np.repeat(10 * np.eye(3, 20), 12, 0)
    found = (centres + random.normal(size=centres.shape)).astype(np.float32)
    places = reduce(found)
    assert places.shape == (36, 2)
    assert np.abs(places).max() == pytest.approx(1)
    assert np.array_equal(places, reduce(found))
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(1) // 12 == np.arange(36) // 12).all()


def test_three_images_have_no_neighbourhoods():
    with pytest.raises(PokeclfError, match="at least four"):
        reduce(np.zeros((3, 5), np.float32))


@pytest.mark.usefixtures("small_recipes")
def test_a_tree_ensemble_has_its_networks_features_embedded(
    train_command, image_folder, tmp_path, capsys
):
    assert train_command("resnet18_frozen", "extra_trees_exp2") == 0
    root, work = train_command.out, tmp_path / "work"
    arguments = [f"--data={image_folder}", f"--out={root}", f"--work={work}"]
    assert main(["embed", "all", *arguments]) == 0
    assert capsys.readouterr().out.count("are embedded") == 1
    card = checkpoint.read_card(root / "resnet18_frozen")
    places = embedding.read(root / "resnet18_frozen", card)
    assert len(places) == card.test.images
    assert not (root / "extra_trees_exp2" / embedding.FILE).exists()

    classifier = ModelStore(root).get("resnet18_frozen")
    shop = finished_workshop(str(image_folder), root, work)
    network = classifier.network
    image = shop.folder.image(int(shop.indices("test")[0]))
    inputs = card.preprocessing.tensor(image)[None]
    own = network.pool(network.forward_features(inputs))[0].detach().numpy()
    np.testing.assert_allclose(features(classifier, shop)[0], own, rtol=1e-3, atol=1e-4)

    # Training a model again takes away what was embedded of the old one.
    assert train_command("resnet18_frozen", "--again") == 0
    with pytest.raises(CheckpointError, match="was not computed yet"):
        embedding.read(root / "resnet18_frozen", checkpoint.read_card(root / "resnet18_frozen"))
    assert main(["embed", "vit_frozen", *arguments]) == 2
    assert "not trained yet" in capsys.readouterr().err
