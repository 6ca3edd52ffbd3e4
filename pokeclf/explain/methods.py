"""The methods as one table: what each shows, which models have it, and how it is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pokeclf.classifier import Classifier
from pokeclf.explain import attention, cam, masking, shap, windows
from pokeclf.explain.request import Request
from pokeclf.models.network import Network
from pokeclf.models.trees import TreeNetwork
from pokeclf.models.vit import ViT

GRADIENTS = "gradients"
ATTENTION = "attention"
FEATURES = "features"
MASKS = "masks"


@dataclass(frozen=True)
class Method:
    """A way to explain.

    Attributes
    ----------
    sentence : what the map shows, for people who have never heard of it.
    family : what it works on; tells which models have it and what its layers are.
    compute : request → map h × w, at least 0, larger meaning more.
    per_species : whether the map depends on the explained species.
    takes : names of the :class:`~pokeclf.explain.request.Options` that it reads.
    slow : whether it classifies the image dozens of times.
    """

    id: str
    name: str
    sentence: str
    family: str
    compute: Callable[[Request], np.ndarray]
    per_species: bool = True
    takes: frozenset[str] = frozenset()
    slow: bool = False


_LAYER = frozenset({"layer"})

METHODS: dict[str, Method] = {
    method.id: method
    for method in (
        Method(
            "grad-cam", "Grad-CAM",
            "Bright places are those whose features raise the model's score for this species.",
            GRADIENTS, cam.grad_cam, takes=_LAYER,
        ),
        Method(
            "cam", "CAM",
            "Bright places are those that the model's last layer counts in favour of this species.",
            GRADIENTS, cam.class_activation_map,
        ),
        Method(
            "grad-cam++", "Grad-CAM++",
            "Bright places are those whose features raise the model's score for this species; "
            "meant to show all parts of the Pokémon and not the best one alone.",
            GRADIENTS, cam.grad_cam_plus_plus, takes=_LAYER,
        ),
        Method(
            "hires-cam", "HiResCAM",
            "Bright places are those that raised the score themselves, not those with features "
            "that raise it elsewhere.",
            GRADIENTS, cam.hires_cam, takes=_LAYER,
        ),
        Method(
            "layer-cam", "LayerCAM",
            "Bright places are those that raised the score themselves, whatever else there speaks "
            "against the species; fine-grained in early layers.",
            GRADIENTS, cam.layer_cam, takes=_LAYER,
        ),
        Method(
            "xgrad-cam", "XGrad-CAM",
            "Bright places are those whose features raise the score for this species, each feature "
            "counted by how much of it is there.",
            GRADIENTS, cam.xgrad_cam, takes=_LAYER,
        ),
        Method(
            "eigen-cam", "Eigen-CAM",
            "Bright places are what stands out most in the features; "
            "the map is the same for every species.",
            GRADIENTS, cam.eigen_cam, per_species=False, takes=_LAYER,
        ),
        Method(
            "finer-cam", "Finer-CAM",
            "Bright places are those that speak for this species and not for the one "
            "that it is compared with.",
            GRADIENTS, cam.finer_cam, takes=_LAYER | {"against"},
        ),
        Method(
            "class-attention", "Class attention",
            "Bright patches are those whose attention raises the model's score for this species.",
            ATTENTION, attention.class_attention,
        ),
        Method(
            "rollout", "Attention rollout",
            "Bright patches are those whose content the transformer passes on to its answer; "
            "the map is the same for every species.",
            ATTENTION, attention.attention_rollout, per_species=False,
            takes=frozenset({"heads", "discard"}),
        ),
        Method(
            "attention", "Raw attention",
            "Bright patches are those that the answer's token looks at in one block; "
            "the map is the same for every species.",
            ATTENTION, attention.raw_attention, per_species=False,
            takes=_LAYER | {"heads", "head"},
        ),
        Method(
            "shap", "TreeSHAP",
            "Bright places are where the features come from that the trees count in favour of "
            "this species.",
            FEATURES, shap.tree_shap_map,
        ),
        Method(
            "feature-occlusion", "Feature occlusion",
            "Bright places are those whose features speak for this species on their own, "
            "and are missed when they are left out.",
            FEATURES, windows.feature_occlusion,
        ),
        Method(
            "occlusion", "Occlusion",
            "Bright places are those that make the model less sure of this species "
            "when they are covered.",
            MASKS, masking.occlusion, slow=True,
        ),
        Method(
            "rise", "RISE",
            "Bright places are those that make the model sure of this species when they are left "
            "in sight and about half of the picture is hidden at random.",
            MASKS, masking.rise, slow=True,
        ),
    )
}  # fmt: skip

_FOR_CONVOLUTIONS = ("cam", "grad-cam++", "xgrad-cam")
"""CAM needs a linear layer on a mean of places. The other two divide by the sum of a channel,
which for a transformer's tokens, of either sign, may be next to nothing: one channel of an early
block then makes up nearly the whole map."""


def methods_of(classifier: Classifier) -> tuple[Method, ...]:
    """The methods that a model has, its default first."""
    network = classifier.network
    default = _default(network)
    able = [method for method in METHODS.values() if _has(network, method)]
    return tuple(sorted(able, key=lambda method: method.id != default))


def default_method(classifier: Classifier) -> Method:
    """The method that is used when none is named."""
    return methods_of(classifier)[0]


def layers_of(classifier: Classifier, method: Method) -> tuple[str, ...]:
    """Places that a method can look at, in order, the last one its default."""
    network = classifier.network
    if method.family == MASKS:
        return ("input image",)
    if method.family == ATTENTION:
        blocks = len(network.body.blocks)
        if "layer" in method.takes:
            return tuple(f"block {number} of {blocks}" for number in range(1, blocks + 1))
        return (f"all {blocks} blocks",)
    return network.layers if "layer" in method.takes else network.layers[-1:]


def _default(network: Network) -> str:
    """The method that is shown first."""
    if isinstance(network, TreeNetwork):
        # Where layers lie between the feature map and the features, SHAP values find no way back
        # that beats random maps in deletion on validation images.
        return "shap" if len(network.source.head) == 1 else "feature-occlusion"
    return "class-attention" if isinstance(network, ViT) else "grad-cam"


def _has(network: Network, method: Method) -> bool:
    if method.family == MASKS:
        return True
    if isinstance(network, TreeNetwork):
        return method.family == FEATURES
    if isinstance(network, ViT):
        return method.family in (ATTENTION, GRADIENTS) and method.id not in _FOR_CONVOLUTIONS
    # CAM needs a single linear layer behind the average.
    return method.family == GRADIENTS and (method.id != "cam" or len(network.head) == 1)
