"""A training that nothing happens to, and the command for one that something happens to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.breaking import run
from tests.train.conftest import image_folder

__all__ = ["image_folder", "whole"]


@pytest.fixture(scope="session")
def whole(tmp_path_factory, image_folder):
    """Checkpoints with one model; ``images`` beside them is what it was trained on."""
    place = tmp_path_factory.mktemp("whole")
    (place / "images").symlink_to(image_folder)
    done = run("nothing", "", *train(place / "checkpoints", place))
    assert done.returncode == 0, done.stderr
    return place / "checkpoints"


def train(whole: Path, place: Path) -> list[str]:
    """The command that trains the same model once more, with all that it writes in a place."""
    return [
        "tests.faults.training", "convmixer", f"--data={whole.parent / 'images'}",
        f"--out={place / 'checkpoints'}", f"--work={place / 'work'}",
    ]  # fmt: skip
