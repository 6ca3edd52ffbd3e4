"""``python -m train novelty MODEL… --data DIR --others DIR``: pictures of none of the classes.

``--others`` is a folder with a folder for each kind of them. Every second picture is for fitting,
with the validation images; the others and the test images are for measuring. A detector's threshold
is where 95 % of the validation images are accepted. A tree ensemble reads the features of a
network, whose detector is also its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from pokeclf import checkpoint, commandline, novelty, study
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.imaging import decode
from pokeclf.modelstore import ModelStore
from pokeclf.novelty import Detector, Distances, Novelty, Refusals, signs
from train.features import last_features
from train.finished import models_parser
from train.workshop import Workshop, finished_workshop, trained_models

ACCEPTED = 0.95
NEIGHBOURS = 10
CHOSEN = "largest logit and distances together"


@dataclass(frozen=True)
class Answers:
    """What a network makes of pictures: float32 N × D features and N × classes logits."""

    features: Tensor
    logits: Tensor


@dataclass(frozen=True)
class Shown:
    """All pictures that a network was shown.

    Attributes
    ----------
    labels : class numbers of the training images.
    fitting, measuring : halves of the other pictures, by their kind.
    """

    train: Answers
    labels: np.ndarray
    validation: Answers
    test: Answers
    fitting: Mapping[str, Answers]
    measuring: Mapping[str, Answers]


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = models_parser("novelty", __doc__)
    parser.add_argument("--others", type=Path, required=True, help="folder of folders")
    options = parser.parse_args(arguments)
    return commandline.run(lambda: _fit(options))


def _fit(options: argparse.Namespace) -> int:
    names = trained_models(options.models, options.out)
    shop = finished_workshop(options.data, options.out, options.work)
    groups = pictures_of(options.others)
    store = ModelStore(shop.root)
    for name in dict.fromkeys(study.find(each).features_from or each for each in names):
        novelty.discard_damaged(shop.root / name, checkpoint.read_card(shop.root / name))
        classifier = store.get(name)
        shop.check(classifier.card)
        found = fit(show(classifier, shop, groups))
        novelty.write(shop.root / name, classifier.card, found)
        print(f"{name}: {_line(found.detectors[CHOSEN])}", flush=True)
    return 0


def _line(detector: Detector) -> str:
    others = ", ".join(f"{each.refused:.1%} of {name}" for name, each in detector.others.items())
    return f"{detector.accepted:.1%} of the test images are accepted, refused are {others}"


def pictures_of(folder: Path) -> dict[str, list[Path]]:
    """Pictures by the name of their folder.

    Raises
    ------
    PokeclfError
        When there are none, or too few to be halved.
    """
    groups = {
        part.name: sorted(path for path in part.iterdir() if path.is_file())
        for part in sorted(folder.glob("*/"))
        if part.is_dir()
    }
    if not groups or min(map(len, groups.values())) < 4:
        raise PokeclfError(f"{folder} must hold folders of at least four pictures each.")
    return groups


def show(classifier: Classifier, shop: Workshop, groups: Mapping[str, Sequence[Path]]) -> Shown:
    """Show a network the data set and the other pictures."""
    train, validation, test = (
        _of_features(classifier, last_features(classifier, shop, part))
        for part in ("train", "validation", "test")
    )
    others = {name: _of_files(classifier, paths) for name, paths in groups.items()}
    halves = [
        {name: Answers(each.features[k::2], each.logits[k::2]) for name, each in others.items()}
        for k in (0, 1)
    ]
    return Shown(train, shop.labels[shop.indices("train")], validation, test, *halves)


@torch.inference_mode()
def _of_features(classifier: Classifier, features: Tensor) -> Answers:
    return Answers(features, classifier.network.linear(features))


def _of_files(classifier: Classifier, paths: Sequence[Path]) -> Answers:
    preprocessing = classifier.card.preprocessing
    found = []
    for path in tqdm(paths, desc=classifier.card.model, mininterval=5):
        with torch.inference_mode():
            found.append(classifier.features(preprocessing.tensor(decode(path))[None]))
    return _of_features(classifier, torch.cat(found))


def fit(shown: Shown) -> Novelty:
    """Fit the detectors to a half of the pictures, and measure them on the other."""
    distances = novelty.stored(_distances(shown.train.features, shown.labels))
    score_of = {
        "largest probability": lambda each: each.logits.softmax(1).amax(1),
        "energy": lambda each: each.logits.logsumexp(1),
        "largest logit": lambda each: signs(distances, each.features, each.logits)[:, 0],
        "distance": lambda each: -signs(distances, each.features, each.logits)[:, 1],
        "neighbours": partial(_near, F.normalize(shown.train.features)),
    }
    weights = _together(shown, distances)
    chosen = Novelty(distances, weights, {})
    score_of[CHOSEN] = lambda each: chosen.familiarity(each.features, each.logits)
    measured = {name: _measured(shown, score) for name, score in score_of.items()}
    return Novelty(distances, weights, measured)


def _distances(features: Tensor, labels: np.ndarray) -> Distances:
    """Class means and the spread around them that all classes share."""
    points = F.normalize(features).double().numpy()
    means = np.stack([points[labels == number].mean(0) for number in np.unique(labels)])
    spread = LedoitWolf(assume_centered=True).fit(points - means[labels])
    whitening = np.linalg.cholesky(spread.precision_)
    return Distances(
        torch.from_numpy(means @ whitening).float(), torch.from_numpy(whitening).float()
    )


def _near(bank: Tensor, answers: Answers) -> Tensor:
    """Cosine to the tenth nearest training image (Sun et al. 2022)."""
    cosines = F.normalize(answers.features) @ bank.T
    return cosines.topk(min(NEIGHBOURS, len(bank)), dim=1).values[:, -1]


def _together(shown: Shown, distances: Distances) -> tuple[tuple[float, ...], ...]:
    """For each kind of other pictures, weights of the signs and a constant that tell it apart.

    The constants are such that 95 % of the validation images are told from all kinds.
    """

    def told(answers: Answers) -> np.ndarray:
        return signs(distances, answers.features, answers.logits).numpy()

    own = told(shown.validation)
    rows = [_apart(own, told(each)) for each in shown.fitting.values()]
    passing = _accepting(np.min([own @ slopes + constant for *slopes, constant in rows], axis=0))
    return tuple((*slopes, constant - passing) for *slopes, constant in rows)


def _apart(own: np.ndarray, others: np.ndarray) -> tuple[float, ...]:
    """Slopes and constant of a logistic regression that tells images from others, N × 3 each.

    All of the one count as much as all of the others.
    """
    points = np.concatenate([own, others])
    counts = [len(own), len(others)]
    middle, spread = points.mean(0), points.std(0)
    regression = LogisticRegression(C=1e3).fit(
        (points - middle) / spread,
        np.arange(len(points)) < len(own),
        np.repeat([1, len(own) / len(others)], counts),
    )
    slopes = regression.coef_[0] / spread
    return *map(float, slopes), float(regression.intercept_[0] - middle @ slopes)


def _accepting(scores: np.ndarray) -> float:
    """The highest threshold that at least 95 % of the scores reach."""
    return float(np.sort(scores)[int(len(scores) * (1 - ACCEPTED) + 1e-9)])


def _measured(shown: Shown, score: Callable[[Answers], Tensor]) -> Detector:
    """A detector whose threshold accepts 95 % of the validation images, on the other pictures.

    Of the test images it then accepts about as many; what it refuses where these are 95 % is
    measured, too.
    """
    threshold = _accepting(score(shown.validation).numpy())
    own = score(shown.test).numpy()
    at_95 = _accepting(own)
    others = {}
    for name, answers in shown.measuring.items():
        scores = score(answers).numpy()
        is_own = np.repeat([1, 0], [len(own), len(scores)])
        auroc = roc_auc_score(is_own, np.concatenate([own, scores]))
        refused = (float((scores < limit).mean()) for limit in (threshold, at_95))
        others[name] = Refusals(len(scores), *refused, float(auroc))
    return Detector(float((own >= threshold).mean()), others)
