"""Where checkpoints come from: the bundled folder, another folder, or the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

from pokeclf.errors import PokeclfError

BUNDLED = Path(__file__).resolve().parent.parent / "checkpoints"
HUB = "hf:"


def checkpoints_folder(place: str) -> Path:
    """The folder of checkpoints that a person names.

    Parameters
    ----------
    place : a folder, or ``hf:OWNER/NAME`` for a model repository on the Hugging Face Hub, which
        is downloaded once and kept in the hub's cache. Nothing is asked of the hub otherwise.

    Raises
    ------
    PokeclfError
        When the folder is missing or the download fails.
    """
    if place.startswith(HUB):
        return _download(place.removeprefix(HUB))
    folder = Path(place)
    if not folder.is_dir():
        raise PokeclfError(f"There is no folder of checkpoints at {place}.")
    return folder


def _download(repository: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        root = Path(snapshot_download(repository, allow_patterns="checkpoints/**"))
    except Exception as error:  # network, names and permissions fail in many ways
        raise PokeclfError(
            f"The checkpoints of {repository!r} cannot be downloaded from the Hugging Face Hub."
        ) from error
    if not (root / "checkpoints").is_dir():
        raise PokeclfError(f"The repository {repository!r} has no folder checkpoints.")
    return root / "checkpoints"
