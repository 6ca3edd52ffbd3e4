"""Untrusted bytes to one clean RGB image, and that image to what a model sees.

Everything that comes from outside passes :func:`decode`. Training, evaluation and serving share
:class:`Preprocessing`, whose settings travel in the checkpoint's card, so a model sees in the
dashboard exactly the tensor that it saw when it was measured.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from pokeclf.errors import PokeclfError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 40 * 2**20
MAX_PIXELS = 50_000_000
MIN_SIDE = 8
CANONICAL_SIDE = 256
"""Longest side, in pixels, of the image that is cached for training and fed when serving."""

# Pillow warns about large images while it opens them; `decode` has a stricter limit of its own.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class ImageError(PokeclfError):
    """An image that cannot be used; the message says why in one sentence."""


def decode(source: bytes | str | Path) -> Image.Image:
    """Decode an untrusted image.

    Accepts PNG, JPEG, WebP, GIF (first frame) and BMP, told by content and not by name. EXIF
    rotation is applied, transparency is laid over white, and CMYK, palette, grey and 16-bit
    images become 8-bit RGB. Sizes are checked before any pixel is decoded. An image whose longest
    side is over twice :data:`CANONICAL_SIDE` is shrunk by whole factors on the way, so that memory
    stays small.

    Parameters
    ----------
    source : bytes, or the path of a file.

    Returns
    -------
    PIL.Image.Image of mode ``"RGB"``, at least 8 pixels wide and high.

    Raises
    ------
    ImageError
        With one sentence, for anything that is not a readable image within the limits.
    """
    image = _open(_read(source))
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"The image has {width} × {height} pixels; "
            f"at most {MAX_PIXELS // 1_000_000} million pixels are accepted."
        )
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"The image is only {width} × {height} pixels; "
            f"each side must have at least {MIN_SIDE} pixels."
        )
    try:
        # JPEG can be decoded at a half, a quarter or an eighth of its size for free.
        image.draft(None, (2 * CANONICAL_SIDE, 2 * CANONICAL_SIDE))
        orientation = image.getexif().get(0x0112, 1)
        image.load()
        image = _to_rgb(_shrink(_to_eight_bits(image)))
        return _upright(image, orientation)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds for broken data.
        raise ImageError("The image is damaged or incomplete and cannot be read.") from error


def _read(source: bytes | str | Path) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        path = Path(source)
        try:
            if path.is_dir():
                raise ImageError(f"{path.name} is a folder, not an image.")
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise ImageError(f"There is no file {path}.") from None
        except (OSError, ValueError):
            raise ImageError(f"The file {path.name} cannot be read.") from None
    if not data:
        raise ImageError("The file is empty.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The file is larger than the {MAX_BYTES // 2**20} MB that are accepted.")
    return data


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageError(
            f"The image is larger than the {MAX_PIXELS // 1_000_000} million pixels "
            "that are accepted."
        ) from None
    except MemoryError:
        raise
    except Exception as error:
        raise ImageError(
            "This is not an image in one of the accepted formats: PNG, JPEG, WebP, GIF or BMP."
        ) from error


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; plain conversion would clip everything bright to white."""
    if not image.mode.startswith("I"):
        return image
    grey = np.asarray(image)
    scaled = Image.fromarray((np.clip(grey, 0, 65535) >> 8).astype(np.uint8))
    if "transparency" in image.info:
        transparent = grey == image.info["transparency"]
        scaled.putalpha(Image.fromarray(np.where(transparent, 0, 255).astype(np.uint8)))
    return scaled


def _shrink(image: Image.Image) -> Image.Image:
    """Divide the size by a whole number, keeping both sides usable."""
    factor = min(max(image.size) // (2 * CANONICAL_SIDE), min(image.size) // MIN_SIDE)
    if factor < 2:
        return image
    if image.mode in ("P", "1") or "transparency" in image.info:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image.reduce(factor)


def _to_rgb(image: Image.Image) -> Image.Image:
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """Apply an EXIF orientation (1 to 8) that was read before the pixels were converted."""
    if orientation in range(2, 9):
        image.getexif()[0x0112] = orientation
        image = ImageOps.exif_transpose(image)
    clean = Image.frombytes("RGB", image.size, image.tobytes())
    return clean  # A copy without the original's metadata.


def canonical(image: Image.Image) -> Image.Image:
    """Shrink to at most :data:`CANONICAL_SIDE` on the longest side, keeping the aspect ratio.

    Training caches this image and serving starts from it, so both resize from the same pixels.
    """
    if max(image.size) <= CANONICAL_SIDE:
        return image
    scale = CANONICAL_SIDE / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize(size, Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class Preprocessing:
    """How an RGB image becomes a model's input; written in every checkpoint's card.

    Attributes
    ----------
    size : side of the square input, in pixels.
    rule : ``"squash"`` stretches the image to the square; ``"pad"`` keeps its shape and fills the
        rest with white.
    mean, std : per RGB channel, in units of pixel values scaled to 0…1.
    """

    size: int
    rule: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.rule not in ("squash", "pad"):
            raise ValueError(f"unknown resize rule {self.rule!r}")

    def crop(self, image: Image.Image) -> Image.Image:
        """The square image that the model sees, RGB, ``size`` × ``size``, before normalisation."""
        image = canonical(image)
        if self.rule == "pad":
            return ImageOps.pad(
                image, (self.size, self.size), Image.Resampling.BICUBIC, color="white"
            )
        return image.resize((self.size, self.size), Image.Resampling.BICUBIC)

    def tensor(self, image: Image.Image) -> torch.Tensor:
        """The model's input: float32, 3 × size × size, normalised by ``mean`` and ``std``."""
        pixels = torch.from_numpy(np.array(self.crop(image))).permute(2, 0, 1)
        return self.normalise(pixels)

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalise uint8 RGB of shape … × 3 × H × W to float32 of the same shape."""
        shape = (3, 1, 1)
        mean = torch.tensor(self.mean, device=pixels.device).view(shape)
        std = torch.tensor(self.std, device=pixels.device).view(shape)
        return (pixels.float() / 255 - mean) / std
