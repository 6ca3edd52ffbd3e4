"""A folder of three classes of small pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pokeclf.dataset import ImageFolder, open_folder
from pokeclf.errors import PokeclfError
from pokeclf.split import Split
from tests.bad_images import save

CLASSES = ("abra", "mew", "zubat")


def picture(seed: int, size=(72, 60)) -> Image.Image:
    """Soft blobs of colour, which are unlike those of another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def fill(folder: Path, first_seed: int, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:02}.png").write_bytes(save(picture(first_seed + number), "PNG"))


@pytest.fixture
def root(tmp_path):
    """Three classes of 14 images."""
    root = tmp_path / "data"
    for number, name in enumerate(CLASSES):
        fill(root / name, 100 * number, 14)
    return root


@pytest.fixture
def opened(root, tmp_path) -> ImageFolder:
    return open_folder(root, tmp_path / "work")


def refusal(function, *arguments) -> str:
    """The sentence that it refuses with."""
    with pytest.raises(PokeclfError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def part_of(split: Split) -> dict[str, str]:
    return {path: part for part, paths in split.parts.items() for path in paths}
