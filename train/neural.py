"""Train a neural network of the study and write its checkpoint."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from timm.layers import DropPath
from torch import Tensor

from pokeclf import checkpoint, drawings, models, storage
from pokeclf.checkpoint import WeightFile
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.files import sha256, write_atomically
from pokeclf.models.network import Network
from pokeclf.recipe import Recipe
from pokeclf.study import StudyModel
from train.batches import ImageBatches, augmentation_of, preprocessing_at
from train.cardfinder import CARD_KIND, scenes_of
from train.cardviews import SCALE, CardViews
from train.device import best_device, layout
from train.head import fit_head
from train.loop import Batches, Epoch, fit
from train.pretrained import backbone_weights
from train.workshop import Workshop

Weights = Mapping[str, Tensor]
MAX_FILE_BYTES = 45 * 2**20
"""Code hosts refuse files of 50 or 100 MB."""


def train_neural(model: StudyModel, shop: Workshop) -> None:
    """Train a neural model of the study and write its checkpoint."""
    recipe: Recipe = shop.recipe_of(model)
    torch.manual_seed(shop.seed)
    classes = shop.folder.classes
    network = models.build(model.architecture, len(classes), model.backbone)
    learner = network.coarse(recipe.grid) if recipe.grid else network
    if model.pretrained:
        try:
            learner.body.load_state_dict(backbone_weights(model.backbone, shop.weights))
        except RuntimeError as error:
            raise PokeclfError(f"The weights of {model.backbone} do not fit it.") from error
    started = time.monotonic()
    fit_model = fit_head if model.frozen else _fit_network
    history = fit_model(learner, model, recipe, shop)
    # A resumed run began, in effect, as long ago as its epochs took.
    started = min(started, time.monotonic() - sum(row.seconds for row in history))
    network.load_state_dict(network.adapt(learner.state_dict()))
    stored = storage.compact(learner.state_dict(), model.stored_bits)
    _keep(network, stored, model, recipe, shop, history, started)


def _card_views(recipe: Recipe, shop: Workshop) -> CardViews | None:
    """None where the recipe wants none, or no image is known to be a trading card."""
    part = zip(shop.indices("train"), shop.split.parts["train"], strict=True)
    cards = frozenset(int(i) for i, path in part if shop.folder.kinds.get(path) == CARD_KIND)
    if not recipe.cards or not cards:
        return None
    return CardViews(scenes_of(shop, "train", (), SCALE), cards, recipe.cards)


def _fit_network(
    network: Network, model: StudyModel, recipe: Recipe, shop: Workshop
) -> list[Epoch]:
    """Train all layers; a further run goes on from the best weights with a seed of its own.

    Where it never comes as far as those before, their weights are left.
    """
    history: list[Epoch] = []
    for number, run in enumerate(recipe.runs):
        if len(recipe.runs) > 1:  # each counts its epochs from 1
            print(f"Run {number + 1} of {len(recipe.runs)}:", flush=True)
        began = network.state_dict() if number else {}  # before the first run, nothing is learned
        before = {name: value.clone() for name, value in began.items()}
        file = shop.run_folder(model) / (f"further_{number}.pt" if number else "state.pt")
        more = _fit_once(network, run, shop, shop.seed + number, file)
        if history and _best(more) < _best(history):
            network.load_state_dict(before)
        elif history:
            network.load_state_dict(_mean(before, network.state_dict(), run.kept))
        history += [replace(row, epoch=row.epoch + len(history)) for row in more]
    return history


def _mean(before: Weights, after: Weights, share: float) -> Weights:
    """The mean of two networks' weights, with that share of the second's; counts are its own."""
    return {
        name: before[name].lerp(value, share) if value.is_floating_point() else value
        for name, value in after.items()
    }


def _best(history: list[Epoch]) -> float:
    return max(row.validation_accuracy for row in history)


def _fit_once(
    network: Network, recipe: Recipe, shop: Workshop, seed: int, state_file: Path
) -> list[Epoch]:
    network.requires_grad_(True).to(memory_format=layout(best_device()))
    _attend_step_by_step(network)
    _leave_out_blocks(network, recipe.drop_path)
    train, validation = shop.indices("train"), shop.indices("validation")
    cards = _card_views(recipe, shop)
    if cards:
        train = cards.repeated(train, recipe.card_times)

    def train_batches(epoch: int, size: int) -> Batches:
        return ImageBatches(
            shop.folder, train, preprocessing_at(recipe, size), recipe.batch_size,
            augmentation_of(recipe), cards, shuffle=True, seed=seed, epoch=epoch,
        )  # fmt: skip

    def validation_batches(size: int) -> Batches:
        return ImageBatches(shop.folder, validation, preprocessing_at(recipe, size), 128)

    return fit(network, recipe, train_batches, validation_batches, state_file, seed, shop.deadline)


def _attend_step_by_step(network: Network) -> None:
    """On a CPU, training is 1.5 to 2 times as fast without the fused attention kernel.

    Its backward pass is slow for the few tokens of small images.
    """
    if best_device().type == "cpu":
        for module in network.modules():
            if hasattr(module, "fused_attn"):
                module.fused_attn = False


def _leave_out_blocks(network: Network, share: float) -> None:
    """Let a transformer leave out blocks in training, see :class:`Recipe`; others have none."""
    blocks = [module for module in network.modules() if hasattr(module, "drop_path1")]
    shares = torch.linspace(0, share, len(blocks)).tolist()
    for block, left_out in zip(blocks[:-1], shares[:-1], strict=True):
        block.drop_path1, block.drop_path2 = DropPath(left_out), DropPath(left_out)


def _keep(
    network: Network,
    stored: dict[str, Tensor],
    model: StudyModel,
    recipe: Recipe,
    shop: Workshop,
    history: list[Epoch],
    started: float,
) -> None:
    """Write the weights as they are stored and measure exactly those.

    It will serve at the size of the recipe's evaluation or at that of the last epochs of any
    run, whichever is better on the validation images. Of a run that is there for comparison no
    weights are kept, so those that were trained are measured.

    Parameters
    ----------
    network : as it was trained.
    stored : its weights, compact.
    """
    files: dict[str, bytes] = {}
    weights: list[WeightFile] = []
    if shop.keeps_weights:
        files, weights = _weight_files(stored, model, shop.root)
    network.requires_grad_(False).eval().to(memory_format=torch.channels_last)

    def classifier(size: int, by_size: dict[str, float]) -> Classifier:
        card = shop.new_card(
            model, preprocessing_at(recipe, size), weights, models.parameter_count(network),
            {"validation_accuracy_by_size": by_size},
        )  # fmt: skip
        return Classifier(card, network)

    labels = shop.labels[shop.indices("validation")]
    validation = {
        size: shop.logits(classifier(size, {}), "validation")
        for size in dict.fromkeys((recipe.eval_size, *(run.sizes[-1][1] for run in recipe.runs)))
    }
    accuracies = {
        size: float((rows.argmax(1) == labels).mean()) for size, rows in validation.items()
    }
    by_size = {str(size): accuracy for size, accuracy in accuracies.items()}
    best = max(accuracies, key=accuracies.__getitem__)
    chosen = classifier(best, by_size)
    logits = {"validation": validation[best], "test": shop.logits(chosen, "test")}
    card = replace(chosen.card, agreement=1.0)
    if shop.keeps_weights:
        trained = logits["test"].argmax(1)
        network.load_state_dict(network.adapt(storage.restore(stored)))
        logits = _logits_of_all(chosen, shop)
        card = replace(card, agreement=float((logits["test"].argmax(1) == trained).mean()))
    else:
        files = _maps_of_drawings(replace(chosen, card=card))
    shop.finish(model, card, logits, files, [asdict(row) for row in history], started)


def _logits_of_all(classifier: Classifier, shop: Workshop) -> dict[str, np.ndarray]:
    """What a model that is kept says of the validation and test images, and of these mirrored."""
    logits = {part: shop.logits(classifier, part) for part in ("validation", "test")}
    return logits | {"mirrored": shop.logits(classifier, "test", mirrored=True)}


def _maps_of_drawings(classifier: Classifier) -> dict[str, bytes]:
    """What a network looked at, for the folder of a run whose weights are not kept."""
    try:
        return {drawings.FILE: drawings.pack(drawings.looks(classifier))}
    except ImportError:
        print("No maps of the drawings are kept: pytorch-grad-cam is not installed.")
        return {}


def _weight_files(
    stored: dict[str, Tensor], model: StudyModel, root: Path
) -> tuple[dict[str, bytes], list[WeightFile]]:
    """Files of a checkpoint's folder by name, and how the card lists these and the backbone."""
    files: dict[str, bytes] = {}
    weights: list[WeightFile] = []
    prefix = ""
    if model.frozen:
        weights.append(_shared_backbone(root, model.backbone, _below("body.", stored)))
        stored, prefix = _below("head.", stored), "head."
    for number, tensors in enumerate(storage.shards(stored, MAX_FILE_BYTES), start=1):
        name = f"weights_{number}.safetensors"
        files[name] = checkpoint.pack(tensors)
        weights.append(WeightFile(name, sha256(files[name]), len(files[name]), prefix))
    return files, weights


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _shared_backbone(out: Path, name: str, tensors: dict[str, Tensor]) -> WeightFile:
    """Write a pretrained backbone once; its name carries its hash, so it never changes."""
    data = checkpoint.pack(tensors)
    digest = sha256(data)
    path = f"backbones/{name}_{digest[:8]}.safetensors"
    if not (out / path).exists() or sha256((out / path).read_bytes()) != digest:
        write_atomically(out / path, data)
    return WeightFile(path, digest, len(data), "body.")
