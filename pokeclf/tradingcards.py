"""Trading cards in pictures: where they lie, straightened, and the parts that are classified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from pokeclf import sealed
from pokeclf.checkpoint import CheckpointError, NotTrainedError
from pokeclf.models.cardfinder import CELLS, SIDE, CardFinder

FILE = "cardfinder.safetensors"
WIDTH, HEIGHT = 366, 512
"""Of a straightened card in pixels; a card measures 63 × 88 mm."""
SURE = 0.55
"""From this probability on a place is a card's centre. Of what is found in validation images less
surely hardly anything is one."""
CERTAIN = 0.66
"""From this probability on the whole picture is no rival of the card's parts: of validation images
that are no cards a tenth are taken for one, nearly all of them less surely than this, and of cards
in photos nearly all more surely. On these a model is often sure of a wrong whole picture."""
MOST = 9
"""Cards that are looked for in one picture."""
PARTS = {
    "whole card": (0.0, 0.0, 1.0, 1.0),
    "illustration": (0.15, 0.10, 0.85, 0.49),
    "square of the illustration": (0.20, 0.10, 0.80, 0.52),
}
"""Left, top, right and bottom of what is classified of a card, in sides of the card. The model
answers for one of them: many cards show their species all over, others in the usual window, whose
ends show little of it; networks take squares, in which a wide part is squeezed."""
WHOLE = "whole picture"
NONE_TRAINED = "No finder of trading cards was trained yet; python -m train cardfinder makes one."


@dataclass(frozen=True)
class TradingCard:
    """A card that was found in a picture.

    Attributes
    ----------
    corners : float32 4 × 2, x and y in the picture's pixels: top left, top right, bottom right
        and bottom left as the card is read.
    probability : that it is one, 0…1.
    """

    corners: np.ndarray
    probability: float

    @property
    def area(self) -> float:
        """In the picture's pixels."""
        return float(cv2.contourArea(self.corners))

    @property
    def certain(self) -> bool:
        """Whether it is one beyond doubt."""
        return self.probability >= CERTAIN


class Finder:
    """A trained network with what belongs around it; safe to use from many threads."""

    def __init__(self, network: CardFinder) -> None:
        self.network = network.requires_grad_(False).eval()

    def find(self, picture: Image.Image) -> tuple[TradingCard, ...]:
        """Trading cards in an RGB picture, the largest first."""
        square, scale, shift = letterboxed(np.asarray(picture))
        with torch.inference_mode():
            centres, corners = self.network(inputs_of(square[None]))
        found = []
        for probability, place in _peaks(centres[0].sigmoid(), corners[0]):
            outline = _snapped(square, place)
            if any(_overlap(outline, other.corners * scale + shift) > 0.3 for other in found):
                continue
            found.append(TradingCard((outline - shift) / scale, probability))
        return tuple(sorted(found, key=lambda card: -card.area))


def load(root: Path) -> Finder:
    """The finder in a folder of checkpoints.

    Raises
    ------
    CheckpointError
        When it is missing or damaged.
    """
    try:
        weights, _ = sealed.read(root / FILE)
        network = CardFinder()
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except FileNotFoundError:
        raise NotTrainedError(NONE_TRAINED) from None
    except (OSError, ValueError, RuntimeError):
        raise CheckpointError("The finder of trading cards is damaged or was changed.") from None
    return Finder(network)


def straightened(picture: Image.Image, corners: np.ndarray) -> Image.Image:
    """What lies between four corners as an upright card, WIDTH × HEIGHT pixels.

    Parameters
    ----------
    corners : as :class:`TradingCard` has them; they may lie a little outside of the picture.
    """
    upright = np.float32([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]])
    way = cv2.getPerspectiveTransform(corners.astype(np.float32), upright)
    pixels = cv2.warpPerspective(
        np.asarray(picture), way, (WIDTH, HEIGHT), flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return Image.fromarray(pixels)


def part_of(card: Image.Image, part: str) -> Image.Image:
    """One of :data:`PARTS` of a straightened card."""
    left, top, right, bottom = PARTS[part]
    width, height = card.size
    return card.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    )


def views(picture: Image.Image, corners: np.ndarray) -> dict[str, Image.Image]:
    """All :data:`PARTS` of a card in a picture."""
    card = straightened(picture, corners)
    return {part: part_of(card, part) for part in PARTS}


def letterboxed(pixels: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """A picture in the middle of a grey square of SIDE pixels.

    Parameters
    ----------
    pixels : uint8 H × W × 3.

    Returns
    -------
    square : uint8 SIDE × SIDE × 3.
    scale, shift : a place in the picture times ``scale`` plus ``shift`` (x, y) is its place there.
    """
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = np.full((SIDE, SIDE, 3), 128, np.uint8)
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    square[top : top + size[1], left : left + size[0]] = cv2.resize(
        pixels, size, interpolation=cv2.INTER_AREA
    )
    return square, scale, np.float32([left, top])


def inputs_of(squares: np.ndarray) -> torch.Tensor:
    """The network's input from uint8 N × SIDE × SIDE × 3."""
    pixels = torch.from_numpy(squares).permute(0, 3, 1, 2).float()
    return ((pixels / 255 - 0.5) / 0.25).contiguous(memory_format=torch.channels_last)


def _peaks(probabilities: torch.Tensor, offsets: torch.Tensor) -> list[tuple[float, np.ndarray]]:
    """Cells that are surer than their neighbours, the surest first, with the corners they tell."""
    around = torch.nn.functional.max_pool2d(probabilities[None], 3, stride=1, padding=1)[0]
    rows, columns = ((probabilities == around) & (probabilities >= SURE)).nonzero(as_tuple=True)
    order = probabilities[rows, columns].argsort(descending=True)[:MOST]
    found = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        middle = (np.float32([column, row]) + 0.5) / CELLS
        corners = offsets[:, row, column].view(4, 2).numpy() + middle
        found.append((float(probabilities[row, column]), corners * SIDE))
    return found


def _snapped(square: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Corners moved to where four straight edges nearby meet; where there are none, they stay.

    Along each side the strongest change of brightness or colour near it is looked for at many
    places; a line through most of them is the side.
    """
    change = _change(square)
    centre = corners.mean(0)
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, 0), strict=True):
        along = end - start
        length = float(np.linalg.norm(along))
        normal = np.float32([along[1], -along[0]]) / max(length, 1e-6)
        if np.dot(normal, start - centre) < 0:
            normal = -normal
        reach = max(2.0, 0.05 * length)
        lines.append(_edge(change, start, along, normal, reach))
    moved = np.float32([_crossing(lines[k - 1], lines[k]) for k in range(4)])
    far = np.linalg.norm(moved - corners, axis=1).max()
    sound = np.isfinite(moved).all() and far < 0.12 * np.sqrt(cv2.contourArea(corners) + 1)
    return moved if sound else corners.astype(np.float32)


def _change(square: np.ndarray) -> np.ndarray:
    """How much a picture changes at each place, in any channel of CIELAB: float32 H × W."""
    lab = cv2.GaussianBlur(cv2.cvtColor(square, cv2.COLOR_RGB2LAB), (3, 3), 0).astype(np.float32)
    slopes = [cv2.Sobel(lab, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))]
    return np.hypot(*slopes).max(2)


def _edge(
    change: np.ndarray, start: np.ndarray, along: np.ndarray, normal: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """A point and a direction of the straightest strong edge near a side."""
    places = start + np.linspace(0.1, 0.9, 33)[:, None] * along
    steps = np.linspace(-reach, reach, 17)
    probed = places[:, None] + steps[:, None] * normal
    sampled = cv2.remap(
        change, probed[..., 0].astype(np.float32), probed[..., 1].astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
    )  # fmt: skip
    # Near things count more: the card's inner frame lies parallel to its edge.
    near = sampled * np.exp(-((steps / reach) ** 2))
    best = near.argmax(1)
    strong = near[np.arange(len(best)), best] > 0.5 * np.median(near.max(1))
    points = probed[np.arange(len(best)), best][strong].astype(np.float32)
    if len(points) < 8:
        return start, along
    way = cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
    return way[2:], way[:2]


def _crossing(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Where two lines meet; not a number where they are parallel."""
    matrix = np.stack([first[1], -second[1]], 1).astype(np.float64)
    if abs(np.linalg.det(matrix)) < 1e-6:
        return np.full(2, np.nan)
    steps = np.linalg.solve(matrix, (second[0] - first[0]).astype(np.float64))
    return first[0] + steps[0] * first[1]


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two convex outlines, 0…1."""
    shared, _ = cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))
    union = cv2.contourArea(first) + cv2.contourArea(second) - shared
    return float(shared / union) if union > 0 else 0.0
