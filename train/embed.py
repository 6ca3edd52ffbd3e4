"""``python -m train embed MODEL… --data DIR``: the test images as a network sees them, in 2-D.

What a network's head reads is reduced by PCA and t-SNE (van der Maaten & Hinton 2008), so that
images with similar features come to lie beside each other. A tree ensemble reads the features of
a network, which is embedded in its place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from torch import Tensor

from pokeclf import embedding, study
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from train.features import image_features
from train.finished import models_parser, on_models
from train.workshop import Workshop

COMPONENTS = 50
"""Principal components that t-SNE starts from; more of them add noise and time."""
PERPLEXITY = 30.0
"""About the number of neighbours that t-SNE keeps beside an image; scikit-learn's default."""
_SEED = 0


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    return on_models(models_parser("embed", __doc__).parse_args(arguments), embed)


def embed(models: Sequence[str], shop: Workshop) -> int:
    """Write the embeddings of these models' networks; returns the exit code.

    Raises
    ------
    PokeclfError
        When a network is not trained, or of another split.
    """
    store = ModelStore(shop.root)
    for name in dict.fromkeys(study.find(each).features_from or each for each in models):
        classifier = store.get(name)
        shop.check(classifier.card)
        places = reduce(features(classifier, shop).numpy())
        embedding.write(shop.root / name, classifier.card, places)
        print(f"{name}: {len(places)} test images are embedded.", flush=True)
    return 0


def features(classifier: Classifier, shop: Workshop) -> Tensor:
    """What the head of a network reads of each test image: float32 N × D."""
    card, network = classifier.card, classifier.network

    def extract(inputs: Tensor) -> Tensor:
        return network.pool(network.forward_features(inputs))

    name = f"{card.model}-{card.weights_sha256[:12]}-pooled"
    return image_features(
        extract, name, shop, "test", card.preprocessing, None, 0, torch.device("cpu")
    )


def reduce(found: np.ndarray) -> np.ndarray:
    """Features, N × D, to places, float32 N × 2 within -1…1; the same every time.

    Raises
    ------
    PokeclfError
        For fewer than four images, which have no neighbourhoods.
    """
    if len(found) < 4:
        raise PokeclfError("An embedding takes at least four test images.")
    few = PCA(min(COMPONENTS, *found.shape), random_state=_SEED).fit_transform(found)
    perplexity = min(PERPLEXITY, (len(found) - 1) / 3)
    places = TSNE(2, perplexity=perplexity, init="pca", random_state=_SEED).fit_transform(few)
    places -= (places.max(0) + places.min(0)) / 2
    return places / max(np.abs(places).max(), 1e-12)
