"""What a data set holds, in a small file beside the split: counts and hashes, no pictures."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pokeclf.dataset import ImageFolder
from pokeclf.errors import PokeclfError
from pokeclf.files import to_json, write_atomically
from pokeclf.split import PARTS, Split

FILE = "data.json"
SIZES = 1000
"""Different image sizes that are kept: those that occur most."""
UNKNOWN = ""
"""Kind or source of an image of which the manifest says nothing."""
_DIGEST = 16
"""Hexadecimal digits that are kept of a file's SHA-256: enough to tell files apart."""

Counts = Mapping[str, tuple[int, ...]]
"""Numbers of images in each of :data:`~pokeclf.split.PARTS`, by name."""


@dataclass(frozen=True)
class DataSummary:
    """A data set in figures.

    Attributes
    ----------
    broken : number of files that could not be read and were skipped.
    species : images by species and part of the split.
    kinds, sources : images by what sort of picture they are, and by where they come from; empty
        for a data set without a manifest.
    sizes : (width, height, images), in pixels, the most frequent first; at most :data:`SIZES`.
    group_sizes : (size, how many), of the groups of near-duplicates.
    mixed_groups : number of those groups that hold images of several species.
    digests : beginning of the SHA-256 of the file of each of :func:`pictured`, in its order.
    """

    data_fingerprint: str
    split_fingerprint: str
    broken: int
    species: Counts
    kinds: Counts
    sources: Counts
    sizes: tuple[tuple[int, int, int], ...]
    group_sizes: tuple[tuple[int, int], ...]
    mixed_groups: int
    digests: tuple[str, ...]

    @property
    def images(self) -> tuple[int, ...]:
        """Number of images in each part."""
        return tuple(map(sum, zip(*self.species.values(), strict=True)))


def pictured(split: Split) -> tuple[str, ...]:
    """Paths of the images that may be shown: test images, and near-duplicates."""
    grouped = (path for group in split.groups for path in group)
    return tuple(sorted({*split.parts["test"], *grouped}))


def digest(sha256: str) -> str:
    """What is kept of a file's hash."""
    return sha256[:_DIGEST]


def summarise(
    folder: ImageFolder,
    split: Split,
    sizes: Iterable[tuple[int, int]],
    sources: Mapping[str, str],
) -> DataSummary:
    """The summary of a folder and its split.

    Parameters
    ----------
    sizes : width and height of each image's file.
    sources : where images come from, by path, as far as it is known.
    """
    hashes = {entry.path: entry.sha256 for entry in folder.entries}
    groups = [{path.split("/")[0] for path in group} for group in split.groups]
    return DataSummary(
        data_fingerprint=folder.fingerprint,
        split_fingerprint=split.fingerprint,
        broken=len(folder.broken),
        species=_counts(split, {path: path.split("/")[0] for path in hashes}),
        kinds=_counts(split, folder.kinds),
        sources=_counts(split, sources),
        sizes=tuple((*size, count) for size, count in Counter(sizes).most_common(SIZES)),
        group_sizes=tuple(sorted(Counter(map(len, split.groups)).items())),
        mixed_groups=sum(len(species) > 1 for species in groups),
        digests=tuple(digest(hashes[path]) for path in pictured(split)),
    )


def _counts(split: Split, names: Mapping[str, str]) -> Counts:
    if not names:
        return {}
    found = [Counter(names.get(path, UNKNOWN) for path in split.parts[part]) for part in PARTS]
    return {name: tuple(part[name] for part in found) for name in sorted(set().union(*found))}


def write(root: Path, summary: DataSummary) -> None:
    """Write ``data.json`` into a folder of checkpoints."""
    write_atomically(root / FILE, to_json(asdict(summary)))


def read(root: Path, split: Split) -> DataSummary:
    """The summary in a folder of checkpoints.

    Raises
    ------
    PokeclfError
        When there is none, it is damaged, or it describes other images or another split.
    """
    try:
        raw = json.loads((root / FILE).read_text(encoding="utf-8"))
        summary = DataSummary(
            **{
                **raw,
                **{name: _tuples(raw[name]) for name in ("sizes", "group_sizes")},
                **{
                    name: {key: tuple(counts) for key, counts in raw[name].items()}
                    for name in ("species", "kinds", "sources")
                },
                "digests": tuple(raw["digests"]),
            }
        )
    except FileNotFoundError:
        raise PokeclfError(
            "The data set is not described yet: python -m train data --data DIR does it."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged() from None
    if (summary.data_fingerprint, summary.split_fingerprint) != (
        split.data_fingerprint,
        split.fingerprint,
    ):
        raise PokeclfError(
            f"{FILE} describes other images, or another split, than the models were trained on; "
            "python -m train data --data DIR writes it again."
        )
    if not _is_sound(summary, split):
        raise _damaged()
    return summary


def _damaged() -> PokeclfError:
    return PokeclfError(f"{FILE} is damaged; python -m train data --data DIR writes it again.")


def _tuples(rows: Iterable[Iterable[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _is_sound(summary: DataSummary, split: Split) -> bool:
    """Whether all figures are counts, and those of each part add up to the split's."""
    images = tuple(len(split.parts[part]) for part in PARTS)
    tables = [summary.species, *(table for table in (summary.kinds, summary.sources) if table)]
    counts = [number for table in tables for row in table.values() for number in row]
    rows = [*summary.sizes, *summary.group_sizes]
    numbers = [*counts, *(n for row in rows for n in row), summary.broken, summary.mixed_groups]
    return (
        all(type(number) is int and number >= 0 for number in numbers)
        and all(len(row) == len(PARTS) for table in tables for row in table.values())
        and all(tuple(map(sum, zip(*table.values(), strict=True))) == images for table in tables)
        and all(len(row) == 3 for row in summary.sizes)
        and all(len(row) == 2 for row in summary.group_sizes)
        and len(summary.digests) == len(pictured(split))
        and all(
            isinstance(each, str) and re.fullmatch(f"[0-9a-f]{{{_DIGEST}}}", each)
            for each in summary.digests
        )
    )
