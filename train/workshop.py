"""What every training run needs, and the frame in which a finished model is measured and kept."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import platform
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from pokeclf import checkpoint, dataset, evaluation, study
from pokeclf.checkpoint import Card
from pokeclf.classifier import Classifier
from pokeclf.dataset import ImageFolder
from pokeclf.errors import PokeclfError
from pokeclf.files import folder_written_whole, sha256, write_atomically
from pokeclf.imaging import Preprocessing
from pokeclf.modelstore import ModelStore
from pokeclf.recipe import Recipe, TreeRecipe
from pokeclf.split import SPLIT_FILE, Split, read_split
from pokeclf.study import StudyModel
from train.batches import ImageBatches
from train.sources import data_folder

LIBRARIES = ("torch", "torchvision", "timm", "scikit-learn", "xgboost", "numpy", "pillow")


class BudgetSpent(PokeclfError):
    """The time is up; what was finished is kept and the same command goes on from there."""


@dataclass(frozen=True)
class Workshop:
    """Images, their split, and where things go.

    Attributes
    ----------
    root : folder of checkpoints, with the split; trees read the features of the models there.
    work : caches and unfinished runs; may be deleted at the price of time.
    weights : folder with pretrained weights; None downloads them.
    recipe : name of the recipe, ``"tuned"`` or ``"study"``.
    seed : of everything random in training.
    deadline : ``time.monotonic()`` value after which no further step is made.
    epochs : how many epochs networks are trained at most, where their recipes have more.
    size : side in pixels of the pictures that networks learn from; None means their recipes'.
    """

    folder: ImageFolder
    split: Split
    root: Path
    work: Path
    weights: Path | None
    recipe: str
    seed: int
    deadline: float | None
    epochs: int | None = None
    size: int | None = None

    @property
    def keeps_weights(self) -> bool:
        """Whether runs are to be served: those of the tuned recipe with the split's own seed.

        Of the others, which are there for comparison, the results alone are kept.
        """
        return self.recipe == "tuned" and self.seed == self.split.seed

    @property
    def out(self) -> Path:
        """Where finished runs go: ``root``, its ``study``, or its ``seeds/<seed>``."""
        folder = self.root if self.recipe == "tuned" else self.root / self.recipe
        return folder if self.seed == self.split.seed else folder / "seeds" / str(self.seed)

    @cached_property
    def labels(self) -> np.ndarray:
        """Class index of every image."""
        return self.folder.labels()

    def indices(self, part: str) -> np.ndarray:
        """Positions of the images of a part, in the split's order."""
        return self.split.indices(self.folder, part)

    def recipe_of(self, model: StudyModel) -> Recipe | TreeRecipe:
        """The recipe in use for that model."""
        recipe = model.recipes[self.recipe]
        if model.is_tree:
            return recipe
        if self.size is not None:
            recipe = recipe.at(self.size)
        return recipe if self.epochs is None else recipe.within(self.epochs)

    def run_folder(self, model: StudyModel) -> Path:
        """Where an unfinished run is kept; other images, recipes, seeds and splits get others."""
        key = sha256(f"{self.run_key(model)} {self.folder.fingerprint}".encode())
        return self.work / f"{model.id}-{key[:12]}"

    def check(self, card: Card) -> None:
        """Raise PokeclfError when a checkpoint belongs to another split."""
        if card.split_fingerprint != self.split.fingerprint:
            raise PokeclfError(f"Checkpoint {card.model} was trained on another split.")

    def check_budget(self) -> None:
        """Raise BudgetSpent when the deadline has passed."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise BudgetSpent("The budget is spent; run the same command to go on.")

    def run_key(self, model: StudyModel) -> str:
        """Identifies a run by its recipe, seed and split."""
        text = json.dumps(stated(self.recipe_of(model)), sort_keys=True)
        return sha256(f"{text} {self.seed} {self.split.fingerprint}".encode())

    def is_current(self, model: StudyModel) -> bool:
        """Whether a checkpoint of this recipe, seed and split is there already."""
        try:
            card = checkpoint.read_card(self.out / model.id)
            checkpoint.check_files(self.out / model.id, card)
            if card.settings["run"] != self.run_key(model):
                return False
            if card.data_fingerprint != self.folder.fingerprint:
                return False
            if model.features_from is None:
                return True
            source = checkpoint.read_card(self.root / model.features_from)
            return source.weights_sha256 == card.features_sha256
        except (checkpoint.CheckpointError, KeyError):
            return False

    def new_card(
        self,
        model: StudyModel,
        preprocessing: Preprocessing,
        weights: Sequence[checkpoint.WeightFile],
        parameters: int,
        settings: Mapping[str, Any],
        **further: Any,  # noqa: ANN401 - fields of Card
    ) -> Card:
        """A card without figures yet."""
        unknown = evaluation.Metrics(0, *[0.0] * 9)
        return Card(
            model=model.id,
            architecture=model.architecture,
            classes=self.folder.classes,
            preprocessing=preprocessing,
            weights=tuple(weights) if self.keeps_weights else (),
            parameters=parameters,
            recipe=self.recipe,
            settings={
                **json.loads(json.dumps(asdict(self.recipe_of(model)))),
                **settings,
                "run": self.run_key(model),
            },
            seed=self.seed,
            temperature=1.0,
            validation=unknown,
            test=unknown,
            data_fingerprint=self.folder.fingerprint,
            split_fingerprint=self.split.fingerprint,
            training_seconds=0.0,
            libraries={
                "python": platform.python_version(),
                **{name: importlib.metadata.version(name) for name in LIBRARIES if _has(name)},
            },
            backbone=model.backbone,
            **further,
        )

    def logits(self, classifier: Classifier, part: str, mirrored: bool = False) -> np.ndarray:
        """Logits of a part's images, exactly as the served model computes them.

        Parameters
        ----------
        mirrored : whether every image is mirrored first.
        """
        batches = ImageBatches(
            self.folder, self.indices(part), classifier.card.preprocessing, batch_size=32
        )
        name = f"{part} images, mirrored" if mirrored else f"{part} images"
        bar = tqdm(batches, desc=name, unit="batch", mininterval=2)
        inputs = (batch.flip(3) if mirrored else batch for batch, _ in bar)
        return torch.cat([classifier.logits(batch) for batch in inputs]).float().numpy()

    def finish(
        self,
        model: StudyModel,
        card: Card,
        logits: Mapping[str, np.ndarray],
        files: Mapping[str, bytes],
        history: Iterable[Mapping[str, Any]],
        started: float,
    ) -> Card:
        """Measure a model and write its checkpoint folder, whole or not at all; its run is over.

        Parameters
        ----------
        logits : of the ``validation``, ``test`` and, as ``"mirrored"``, mirrored test images.
        files : what else belongs into the folder, by name: weights where they are kept.
        history : rows of ``history.csv``.
        started : ``time.monotonic()`` when the run began, or before by what earlier runs took.
        """
        # What is measured is what is kept, rounded, so that every figure follows from it.
        kept = {part: checkpoint.rounded(logits[part]) for part in ("validation", "test")}
        labels = {part: self.labels[self.indices(part)] for part in kept}
        temperature = evaluation.fit_temperature(kept["validation"], labels["validation"])
        card = replace(
            card,
            temperature=temperature,
            training_seconds=round(time.monotonic() - started, 1),
            **{
                part: evaluation.measure(rows, labels[part], temperature)
                for part, rows in kept.items()
            },
        )
        if "mirrored" in logits:
            mean = (logits["test"] + logits["mirrored"]) / 2
            averaged = evaluation.measure(mean, labels["test"], temperature)
            card = replace(card, flip_averaged=averaged)
        with folder_written_whole(self.out / card.model) as folder:
            for name, data in files.items():
                write_atomically(folder / name, data)
            checkpoint.write_predictions(folder, kept)
            write_atomically(folder / checkpoint.HISTORY, _csv(list(history)))
            checkpoint.write_card(folder, card)
        shutil.rmtree(self.run_folder(model), ignore_errors=True)
        return card


def finished_workshop(data: str, root: Path, work: Path) -> Workshop:
    """The workshop in which the checkpoints in ``root`` were made, to measure them again.

    Raises
    ------
    PokeclfError
        When there is no split in ``root``, or it belongs to other images than ``data``.
    """
    split = read_split(root / SPLIT_FILE)
    folder = dataset.open_folder(data_folder(data), work)
    split.check(folder, root)
    return Workshop(folder, split, root, work, None, "tuned", split.seed, None)


def trained_models(names: Sequence[str], root: Path) -> list[str]:
    """Ids of the named models in the study's order; ``all`` means those that are trained.

    Raises
    ------
    PokeclfError
        When a name is unknown, or nothing is trained.
    """
    wanted = {study.find(name).id for name in names if name != "all"}
    if "all" in names:
        wanted |= {each.model.id for each in ModelStore(root).statuses() if each.card}
    if not wanted:
        raise PokeclfError(f"There are no trained models in {root}.")
    return [model_id for model_id in study.BY_ID if model_id in wanted]


def stated(recipe: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of any kind
    """What a recipe does not leave at its default, recipes within it alike.

    So a new field with a plain default does not make the checkpoints stale that were trained
    before there was one; what is made anew by a ``default_factory`` counts as stated.
    """
    found = {}
    for each in fields(recipe):
        value = getattr(recipe, each.name)
        if value != each.default:
            found[each.name] = stated(value) if is_dataclass(value) else value
    return found


def _has(library: str) -> bool:
    try:
        importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _csv(rows: list[Mapping[str, Any]]) -> bytes:
    if not rows:
        raise PokeclfError("A run without a single epoch cannot be written.")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
