"""Where the images come from: a folder, or a Kaggle data set by name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pokeclf.dataset import SUFFIXES
from pokeclf.errors import PokeclfError

KAGGLE = "kaggle:"


def data_folder(data: str) -> Path:
    """The folder of class folders that ``--data`` names.

    Parameters
    ----------
    data : a path, or ``kaggle:OWNER/NAME``, which is downloaded (once) through kagglehub.

    Raises
    ------
    PokeclfError
        When the download fails or holds no class folders.
    """
    if not data.startswith(KAGGLE):
        return Path(data)
    import kagglehub

    handle = data.removeprefix(KAGGLE)
    try:
        root = Path(kagglehub.dataset_download(handle))
    except Exception as error:  # the client raises many kinds: network, credentials, names
        raise PokeclfError(
            f"The Kaggle data set {handle!r} cannot be downloaded; it takes a network, the right "
            "name and, for some sets, an account."
        ) from error
    return _folder_of_classes(root)


def _folder_of_classes(root: Path) -> Path:
    """Below ``root``, the folder with the most images two levels down."""
    counts = Counter(
        path.parent.parent
        for path in root.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.parent != root
    )
    if not counts:
        raise PokeclfError(f"{root} has no class folders with images in them.")
    return counts.most_common(1)[0][0]
