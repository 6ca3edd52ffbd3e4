"""Which image of a folder belongs to which part: made once, and kept beside the checkpoints."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from pokeclf.dataset import ImageFolder, near_duplicate_groups
from pokeclf.errors import PokeclfError
from pokeclf.files import sha256, to_json, write_atomically

SPLIT_FILE = "split.json"
PARTS = ("train", "validation", "test")
_FOLDS = 20
_HELD_OUT = 0.15
"""Share of the images in each of validation and test."""


@dataclass(frozen=True)
class Split:
    """Which image belongs to which part; a small committed file.

    Attributes
    ----------
    parts : sorted image paths of ``train``, ``validation`` and ``test``.
    groups : near-duplicate groups of more than one image.
    kinds : paths of the validation and test images by what sort of picture they are, where the
        data set says it; figures can then be told apart by kind without the images.
    """

    data_fingerprint: str
    seed: int
    parts: dict[str, tuple[str, ...]]
    groups: tuple[tuple[str, ...], ...]
    kinds: dict[str, tuple[str, ...]]

    @property
    def fingerprint(self) -> str:
        """Hash over the parts."""
        return sha256(json.dumps(self.parts, sort_keys=True).encode())

    def indices(self, folder: ImageFolder, part: str) -> np.ndarray:
        """Positions in ``folder.entries`` of the images of a part, in the order of the file."""
        positions = {entry.path: position for position, entry in enumerate(folder.entries)}
        return np.array([positions[path] for path in self.parts[part]])

    def check(self, folder: ImageFolder, place: Path) -> None:
        """Raise PokeclfError when the images are not those that were split.

        Parameters
        ----------
        place : folder of the checkpoints that the split belongs to.
        """
        if self.data_fingerprint != folder.fingerprint:
            raise PokeclfError(
                f"{place / SPLIT_FILE} belongs to other images than these; "
                "--out takes another folder for their checkpoints."
            )

    def kinds_of(self, part: str) -> np.ndarray:
        """Kind of every image of a part, ``""`` where it is not known: N strings."""
        by_path = {path: kind for kind, paths in self.kinds.items() for path in paths}
        return np.array([by_path.get(path, "") for path in self.parts[part]])


def make_split(folder: ImageFolder, seed: int) -> Split:
    """Split 70/15/15, stratified by class, with near-duplicates on one side.

    Raises
    ------
    PokeclfError
        When near-duplicates leave a class with too few images for all three parts.
    """
    groups = near_duplicate_groups(folder.entries)
    labels = folder.labels()
    numbers = _assign_parts(labels, groups, seed)
    for label, name in enumerate(folder.classes):
        if len(set(numbers[labels == label])) < len(PARTS):
            raise PokeclfError(
                f"Class {name!r} cannot be split into {', '.join(PARTS)}: "
                "too many of its images are near-duplicates."
            )
    paths = np.array([entry.path for entry in folder.entries])
    members: dict[int, list[str]] = {}
    for path, group in zip(paths, groups, strict=True):
        members.setdefault(int(group), []).append(str(path))
    parts = {part: tuple(paths[numbers == n].tolist()) for n, part in enumerate(PARTS)}
    return Split(
        data_fingerprint=folder.fingerprint,
        seed=seed,
        parts=parts,
        groups=tuple(tuple(paths) for paths in members.values() if len(paths) > 1),
        kinds=_by_kind(folder, (*parts["validation"], *parts["test"])),
    )


def _by_kind(folder: ImageFolder, paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        if path in folder.kinds:
            found.setdefault(folder.kinds[path], []).append(path)
    return {kind: tuple(found[kind]) for kind in sorted(found)}


def _assign_parts(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """For each image the position in :data:`PARTS` of its part."""
    parts = np.zeros(len(labels), int)
    folds = min(_FOLDS, np.bincount(labels).max(), groups.max() + 1)
    if folds < len(PARTS):
        return parts
    held_out = max(1, round(_HELD_OUT * folds))
    kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class may have fewer images than there are folds; that is mended below.
        warnings.filterwarnings("ignore", "The least populated class")
        for number, (_, chosen) in enumerate(kfold.split(labels, labels, groups)):
            # The first folds are validation's and the next ones test's.
            parts[chosen] = {0: 1, 1: 2}.get(number // held_out, 0)
    # Give each class to each part, by moving its smallest group from where it has the most.
    for label in range(labels.max() + 1):
        for part in range(len(PARTS)):
            sizes = [
                Counter(groups[(labels == label) & (parts == each)]) for each in range(len(PARTS))
            ]
            richest = max(sizes, key=len)
            if not sizes[part] and len(richest) > 1:
                parts[groups == min(richest, key=richest.__getitem__)] = part
    return parts


def write_split(split: Split, path: Path) -> None:
    """Write a split as JSON, one path a line."""
    write_atomically(path, to_json({**asdict(split), "fingerprint": split.fingerprint}))


def image_name(path: str) -> str:
    """What people call an image of the split: its path without the suffix."""
    return str(PurePosixPath(path).with_suffix(""))


def read_split(path: Path) -> Split:
    """Read a split and check its fingerprint; raises PokeclfError when it was altered."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        split = Split(
            raw["data_fingerprint"],
            raw["seed"],
            {part: tuple(raw["parts"][part]) for part in PARTS},
            tuple(tuple(group) for group in raw["groups"]),
            {kind: tuple(paths) for kind, paths in raw["kinds"].items()},
        )
        intact = split.fingerprint == raw["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PokeclfError(f"{path.name} is not a readable split file.") from error
    if not intact:
        raise PokeclfError(f"{path.name} was changed: its fingerprint does not fit its contents.")
    return split
