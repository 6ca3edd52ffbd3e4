"""Any folder ``<root>/<class>/<image>`` to a decoded cache, near-duplicate groups and a split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageOps
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from pokeclf import imaging
from pokeclf.errors import PokeclfError
from pokeclf.files import sha256, to_json, write_atomically

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})
MIN_IMAGES = 10
"""Images that a class needs so that each part of the split gets at least one."""
NEAR_DUPLICATE_BITS = 6
"""Perceptual hashes of 64 bits that differ in at most so many belong to one group."""
PARTS = ("train", "validation", "test")
_FOLDS = {"validation": range(0, 3), "test": range(3, 6)}  # of 20; 15 % each


@dataclass(frozen=True)
class Entry:
    """One readable image: its path below the root, class, contents' hash and place in the cache."""

    path: str
    label: str
    sha256: str
    width: int
    height: int
    offset: int
    hash: str
    mirrored_hash: str


@dataclass(frozen=True)
class ImageFolder:
    """A scanned data set, decoded once into a memory-mapped file.

    Attributes
    ----------
    entries : readable images, sorted by path.
    broken : (path, reason) of the files that were skipped.
    classes : sorted class names.
    fingerprint : hash over the paths and contents of all readable images.
    pixels : flat uint8 memory map of all images, RGB, rows first; see :meth:`image`.
    """

    entries: tuple[Entry, ...]
    broken: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    fingerprint: str
    pixels: np.ndarray

    def image(self, index: int) -> Image.Image:
        """The canonical RGB image of an entry (see :func:`pokeclf.imaging.canonical`)."""
        entry = self.entries[index]
        end = entry.offset + entry.width * entry.height * 3
        return Image.fromarray(
            self.pixels[entry.offset : end].reshape(entry.height, entry.width, 3)
        )

    def labels(self) -> np.ndarray:
        """Class index of every entry, int64."""
        numbers = {name: number for number, name in enumerate(self.classes)}
        return np.array([numbers[entry.label] for entry in self.entries])


def open_folder(
    root: Path, work: Path, progress: Callable[[Iterable, int], Iterable] = lambda items, _: items
) -> ImageFolder:
    """Scan a folder of class folders, decoding it into ``work`` unless that was done before.

    Parameters
    ----------
    root : folder with one folder of images per class.
    work : where the cache is kept.
    progress : wraps the iterable of images, given their number, to show progress.

    Raises
    ------
    PokeclfError
        When there are no classes, or a class has fewer than :data:`MIN_IMAGES` readable images.
    """
    files = _list_files(root)
    hashes = _content_hashes(root, files)
    key = sha256("\n".join(f"{path} {digest}" for path, digest in hashes).encode())
    cache = work / f"images-{key[:16]}"
    if not (cache / "index.json").exists():
        _decode_into(cache, root, hashes, progress)
    index = json.loads((cache / "index.json").read_text())
    entries = tuple(Entry(**entry) for entry in index["entries"])
    counts = Counter(entry.label for entry in entries)
    for label in sorted({path.split("/")[0] for path in files}):
        if counts[label] < MIN_IMAGES:
            raise PokeclfError(
                f"Class {label!r} has {counts[label]} readable images; "
                f"at least {MIN_IMAGES} are needed."
            )
    return ImageFolder(
        entries=entries,
        broken=tuple((path, reason) for path, reason in index["broken"]),
        classes=tuple(sorted(counts)),
        fingerprint=sha256("\n".join(f"{entry.path} {entry.sha256}" for entry in entries).encode()),
        pixels=np.memmap(cache / "pixels.bin", np.uint8, "r"),
    )


def _list_files(root: Path) -> list[str]:
    if not root.is_dir():
        raise PokeclfError(f"There is no folder {root}; --data takes a folder of class folders.")
    files = sorted(
        path.relative_to(root).as_posix()
        for path in root.glob("*/*")
        if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not files:
        raise PokeclfError(f"{root} has no class folders with images in them.")
    return files


def _content_hashes(root: Path, files: list[str]) -> list[tuple[str, str]]:
    with ThreadPoolExecutor() as pool:
        digests = pool.map(lambda path: sha256((root / path).read_bytes()), files)
        return list(zip(files, digests, strict=True))


def _decode_into(
    cache: Path,
    root: Path,
    hashes: list[tuple[str, str]],
    progress: Callable[[Iterable, int], Iterable],
) -> None:
    """Decode all images to ``pixels.bin``; ``index.json`` is written last and marks it whole."""
    cache.mkdir(parents=True, exist_ok=True)
    entries: list[dict] = []
    broken: list[tuple[str, str]] = []
    with ThreadPoolExecutor() as pool, (cache / "pixels.bin").open("wb") as file:
        decoded = pool.map(lambda item: _decode_one(root / item[0]), hashes)
        for (path, digest), result in zip(hashes, progress(decoded, len(hashes)), strict=True):
            if isinstance(result, str):
                broken.append((path, result))
                continue
            image, plain, mirrored = result
            entries.append(
                asdict(
                    Entry(
                        path, path.split("/")[0], digest, *image.size, file.tell(), plain, mirrored
                    )
                )
            )
            file.write(image.tobytes())
    write_atomically(cache / "index.json", to_json({"entries": entries, "broken": broken}))


def _decode_one(path: Path) -> tuple[Image.Image, str, str] | str:
    try:
        image = imaging.canonical(imaging.decode(path))
    except imaging.ImageError as error:
        return str(error)
    hashes = (imagehash.phash(view) for view in (image, ImageOps.mirror(image)))
    plain, mirrored = (str(value) for value in hashes)
    return image, plain, mirrored


def near_duplicate_groups(entries: tuple[Entry, ...]) -> np.ndarray:
    """Group number of every image: equal, nearly equal and mirrored images share a group.

    Two images are near-duplicates when their 64-bit perceptual hashes (DCT, library ImageHash)
    differ in at most :data:`NEAR_DUPLICATE_BITS` bits; groups are the connected components.
    """
    plain = np.array([int(entry.hash, 16) for entry in entries], np.uint64)
    mirrored = np.array([int(entry.mirrored_hash, 16) for entry in entries], np.uint64)
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    for start in range(0, len(entries), 512):
        block = plain[start : start + 512, None]
        for other in (plain, mirrored):
            near = np.bitwise_count(block ^ other[None]) <= NEAR_DUPLICATE_BITS
            row, column = np.nonzero(near)
            rows.append(row + start)
            columns.append(column)
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = coo_matrix((np.ones(len(row), bool), (row, column)), (len(entries),) * 2)
    return connected_components(graph, directed=False)[1]


@dataclass(frozen=True)
class Split:
    """Which image belongs to which part; a small committed file.

    Attributes
    ----------
    parts : sorted image paths of ``train``, ``validation`` and ``test``.
    groups : near-duplicate groups of more than one image.
    """

    data_fingerprint: str
    seed: int
    parts: dict[str, tuple[str, ...]]
    groups: tuple[tuple[str, ...], ...]

    @property
    def fingerprint(self) -> str:
        """Hash over the parts."""
        return sha256(json.dumps(self.parts, sort_keys=True).encode())

    def indices(self, folder: ImageFolder, part: str) -> np.ndarray:
        """Positions in ``folder.entries`` of the images of a part, in the order of the file."""
        positions = {entry.path: position for position, entry in enumerate(folder.entries)}
        return np.array([positions[path] for path in self.parts[part]])


def make_split(folder: ImageFolder, seed: int) -> Split:
    """Split 70/15/15, stratified by class, with near-duplicates on one side."""
    groups = near_duplicate_groups(folder.entries)
    paths = np.array([entry.path for entry in folder.entries])
    kfold = StratifiedGroupKFold(n_splits=20, shuffle=True, random_state=seed)
    fold = np.empty(len(paths), int)
    for number, (_, chosen) in enumerate(kfold.split(paths, folder.labels(), groups)):
        fold[chosen] = number
    parts = {part: np.isin(fold, folds) for part, folds in _FOLDS.items()}
    parts["train"] = ~(parts["validation"] | parts["test"])
    members: dict[int, list[str]] = {}
    for path, group in zip(paths, groups, strict=True):
        members.setdefault(int(group), []).append(str(path))
    return Split(
        data_fingerprint=folder.fingerprint,
        seed=seed,
        parts={part: tuple(paths[parts[part]].tolist()) for part in PARTS},
        groups=tuple(tuple(paths) for paths in members.values() if len(paths) > 1),
    )


def write_split(split: Split, path: Path) -> None:
    """Write a split as JSON, one path a line."""
    write_atomically(path, to_json({**asdict(split), "fingerprint": split.fingerprint}))


def read_split(path: Path) -> Split:
    """Read a split and check its fingerprint; raises PokeclfError when it was altered."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        split = Split(
            raw["data_fingerprint"],
            raw["seed"],
            {part: tuple(raw["parts"][part]) for part in PARTS},
            tuple(tuple(group) for group in raw["groups"]),
        )
        intact = split.fingerprint == raw["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PokeclfError(f"{path} is not a readable split file.") from error
    if not intact:
        raise PokeclfError(f"{path} was changed: its fingerprint does not fit its contents.")
    return split
