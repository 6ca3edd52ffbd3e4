"""Pictures of the data set, where a person has said where they are; never any other file."""

from __future__ import annotations

import base64
import functools
import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from pokeclf import datasummary, imaging
from pokeclf.checkpoint import Card
from pokeclf.datasummary import DataSummary
from pokeclf.errors import PokeclfError
from pokeclf.files import sha256
from pokeclf.split import SPLIT_FILE, Split, read_split

SIDE = 160
"""Longest side of a thumbnail in pixels."""
KEPT = 2000
"""Thumbnails that are kept in memory, about 5 kB each."""
HOW = (
    "The pictures themselves are other people's and not part of this project: POKECLF_DATA=DIR "
    "shows them, where DIR is the folder that the models were trained on (--data), or a copy of it "
    "such as a download from Kaggle."
)


class PictureError(PokeclfError):
    """A picture that cannot be shown; the message says why in one sentence."""


@dataclass(frozen=True)
class _Known:
    """What the checkpoints' folder says about the data set."""

    split: Split
    summary: DataSummary | PokeclfError
    digests: Mapping[str, str]


class Pictures:
    """Reads the split and the data summary, and the files that they name; safe for many threads.

    A file is shown when its path is among :func:`pokeclf.datasummary.pictured` and its contents
    are those that were trained and measured on. So neither a visitor's choice nor another data
    set in the folder's place can make it show anything else.

    Parameters
    ----------
    checkpoints : folder with the split and the summary.
    root : folder of class folders; None where the pictures are not at hand.
    """

    def __init__(self, checkpoints: Path, root: Path | None = None) -> None:
        self.checkpoints = checkpoints
        self.root = root
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, ...], _Known] | None = None

    def split(self) -> Split:
        """The split of the checkpoints; raises PokeclfError when there is none."""
        return self._known().split

    def test_images(self, card: Card) -> tuple[str, ...]:
        """Paths of the test images in the order of a model's predictions.

        Raises
        ------
        PokeclfError
            When the checkpoints were exchanged for those of another split meanwhile.
        """
        split = self.split()
        if split.fingerprint != card.split_fingerprint:
            raise PokeclfError("The checkpoints have changed; please reload the page.")
        return split.parts["test"]

    def summary(self) -> DataSummary:
        """The data set in figures; raises PokeclfError when they cannot be used."""
        summary = self._known().summary
        if isinstance(summary, PokeclfError):
            raise summary
        return summary

    def missing(self) -> str | None:
        """Why there are no pictures at all, as a sentence; None where there are."""
        if self.root is None:
            return HOW
        try:
            self.summary()
        except PokeclfError as error:
            return str(error)
        return None

    def file(self, name: str) -> Path:
        """The file of an image, its contents verified.

        Parameters
        ----------
        name : path of the image as the split has it, from whomever.

        Raises
        ------
        PictureError
            When it is not among the images that may be shown, is missing, or has other contents.
        """
        path, expected = self._allowed(name)
        _verified(path, expected)
        return path

    def thumbnail(self, name: str) -> str:
        """A small WebP of an image as a data URI; raises PictureError like :meth:`file`."""
        return _thumbnail(*self._allowed(name))

    def _allowed(self, name: str) -> tuple[Path, str]:
        """Path and digest of an image that may be shown."""
        if (why := self.missing()) is not None:
            raise PictureError(why)
        digests = self._known().digests
        # A split may come from a stranger, so that its paths are checked as well.
        if not isinstance(name, str) or name not in digests or not _is_inside(name):
            raise PictureError("There is no such image among those that may be shown.")
        return self.root / name, digests[name]

    def _known(self) -> _Known:
        """What there is now: read again only when it was written again."""
        files = (self.checkpoints / SPLIT_FILE, self.checkpoints / datasummary.FILE)
        written = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
        with self._lock:
            if self._read is None or self._read[0] != written:
                self._read = (written, _known(self.checkpoints))
            return self._read[1]


def _known(checkpoints: Path) -> _Known:
    split = read_split(checkpoints / SPLIT_FILE)
    try:
        summary = datasummary.read(checkpoints, split)
    except PokeclfError as error:
        return _Known(split, error, {})
    digests = dict(zip(datasummary.pictured(split), summary.digests, strict=True))
    return _Known(split, summary, digests)


def _is_inside(name: str) -> bool:
    """Whether this is ``<class>/<image>`` and no way out of the folder."""
    parts = PurePath(name).parts
    return len(parts) == 2 and ".." not in parts and not PurePath(name).is_absolute()


def _verified(path: Path, expected: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(imaging.MAX_BYTES + 1)
    except (OSError, ValueError):
        raise PictureError("This picture is not in the folder of pictures.") from None
    if datasummary.digest(sha256(data)) != expected:
        raise PictureError("This file is another than the one that was trained or measured on.")
    return data


@functools.lru_cache(KEPT)
def _thumbnail(path: Path, expected: str) -> str:
    image = imaging.decode(_verified(path, expected))
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=75)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
