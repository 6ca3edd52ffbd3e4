"""Features of images under a fixed network, extracted once and cached."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from pokeclf.classifier import Classifier
from pokeclf.files import sha256, to_json, write_atomically
from pokeclf.imaging import Preprocessing
from train.batches import Augmentation, ImageBatches
from train.device import to_device
from train.workshop import Workshop


@torch.inference_mode()
def image_features(
    extract: Callable[[Tensor], Tensor],
    name: str,
    shop: Workshop,
    part: str,
    preprocessing: Preprocessing,
    augmentation: Augmentation | None,
    view: int,
    device: torch.device,
) -> Tensor:
    """Features of a part's images, float32 N × D on the CPU, in the split's order.

    Parameters
    ----------
    extract : N × 3 × S × S → N × D, on the device of its input.
    device : where ``extract`` computes.
    name : identifies ``extract`` and its weights in the cache.
    view : seeds the augmentation; each number is another random view.
    """
    key = sha256(
        to_json(
            [
                name, shop.folder.fingerprint, shop.split.fingerprint, part, asdict(preprocessing),
                augmentation and asdict(augmentation), view, shop.seed if augmentation else 0,
            ]
        )
    )  # fmt: skip
    path = shop.work / "features" / f"{name}-{part}-{view}-{key[:12]}.npy"
    if path.exists():
        return torch.from_numpy(np.load(path, allow_pickle=False))
    batches = ImageBatches(
        shop.folder, shop.indices(part), preprocessing, 64, augmentation,
        seed=shop.seed, epoch=view,
    )  # fmt: skip
    found = []
    for inputs, _ in tqdm(batches, desc=f"{name}, {part}, view {view}", mininterval=2):
        found.append(extract(to_device(inputs, device)).float().cpu())
    features = torch.cat(found)
    buffer = io.BytesIO()
    np.save(buffer, features.numpy(), allow_pickle=False)
    write_atomically(path, buffer.getvalue())
    return features


def last_features(classifier: Classifier, shop: Workshop, part: str) -> Tensor:
    """What a network's last layer reads, and trees read instead, in full precision, as served."""
    card = classifier.card
    name = f"{card.model}-{card.weights_sha256[:12]}"
    return image_features(
        classifier.features, name, shop, part, card.preprocessing, None, 0, torch.device("cpu")
    )
