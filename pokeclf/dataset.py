"""Any folder ``<root>/<class>/<image>`` to a decoded cache and near-duplicate groups."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageOps
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pokeclf import imaging
from pokeclf.errors import PokeclfError
from pokeclf.files import folder_written_whole, sha256, to_json

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})
MIN_IMAGES = 10
"""Images that a class needs so that each part of the split gets at least one."""
NEAR_DUPLICATE_BITS = 6
"""Perceptual hashes of 64 bits that differ in at most so many belong to one group."""
CACHE_FORMAT = 1
"""To be raised with every change of decoding, so that older caches are not used."""


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
    kinds : what sort of picture an image is ("card", "3d", …), by path, as far as the data set's
        ``manifest.csv`` (columns ``file`` and ``kind``) says it.
    pixels : flat uint8 memory map of all images, RGB, rows first; see :meth:`image`.
    """

    entries: tuple[Entry, ...]
    broken: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    fingerprint: str
    kinds: Mapping[str, str]
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
    cache = work / f"images-{CACHE_FORMAT}-{key[:16]}"
    if not (cache / "index.json").exists():
        _decode_into(cache, root, hashes, progress)
    index = json.loads((cache / "index.json").read_text())
    entries = tuple(Entry(**entry) for entry in index["entries"])
    counts = Counter(entry.label for entry in entries)
    # Notebooks and version control keep hidden folders, which are no classes.
    for label in sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0] != "."):
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
        kinds=manifest_column(root, "kind"),
        pixels=np.memmap(cache / "pixels.bin", np.uint8, "r"),
    )


def _list_files(root: Path) -> list[str]:
    if not root.is_dir():
        raise PokeclfError(f"There is no folder {root}; --data takes a folder of class folders.")
    files = sorted(
        path.relative_to(root).as_posix()
        for path in root.glob("*/*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not path.parent.name.startswith(".")
    )
    if not files:
        raise PokeclfError(f"{root} has no class folders with images in them.")
    return files


def manifest_column(root: Path, column: str) -> dict[str, str]:
    """A column of a data set's ``manifest.csv`` by file, empty where there is none.

    Few data sets have one; without it, figures by kind or source are left out.
    """
    try:
        with (root / "manifest.csv").open(newline="", encoding="utf-8") as file:
            return {row["file"]: row[column] for row in csv.DictReader(file)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error):
        return {}


def _content_hashes(root: Path, files: list[str]) -> list[tuple[str, str]]:
    with ThreadPoolExecutor() as pool:
        return list(zip(files, pool.map(lambda path: _hash(root / path), files), strict=True))


def _hash(path: Path) -> str:
    try:
        return sha256(path.read_bytes())
    except OSError:
        return "unreadable"  # Decoding it fails as well, which lists it as broken.


def _decode_into(
    cache: Path,
    root: Path,
    hashes: list[tuple[str, str]],
    progress: Callable[[Iterable, int], Iterable],
) -> None:
    """Decode all images to ``pixels.bin`` and describe them in ``index.json``."""
    entries: list[dict] = []
    broken: list[tuple[str, str]] = []
    try:
        # Another process may make the same cache, or read it already.
        with folder_written_whole(cache) as folder:
            with ThreadPoolExecutor() as pool, (folder / "pixels.bin").open("wb") as file:
                decoded = pool.map(lambda item: _decode_one(root / item[0]), hashes)
                done = progress(decoded, len(hashes))
                for (path, digest), result in zip(hashes, done, strict=True):
                    if isinstance(result, str):
                        broken.append((path, result))
                        continue
                    image, *views = result
                    label = path.split("/")[0]
                    entry = Entry(path, label, digest, *image.size, file.tell(), *views)
                    entries.append(asdict(entry))
                    file.write(image.tobytes())
            index = to_json({"entries": entries, "broken": broken})
            (folder / "index.json").write_bytes(index)
    except OSError as error:
        raise PokeclfError(f"{cache} cannot be written: {error.strerror or error}.") from error


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
