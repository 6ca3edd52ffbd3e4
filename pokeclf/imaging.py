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

from pokeclf import containers
from pokeclf.errors import PokeclfError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 40 * 2**20
MAX_PIXELS = 50_000_000
MAX_WEBP_PIXELS = 25_000_000
"""WebP has a limit of its own, because its decoder keeps four copies of all pixels."""
MAX_PACKED_BMP = 4_000_000
"""Pixels, and bytes, of a BMP in run-length code, which Pillow unpacks in Python."""
MAX_SIDE = 65_535
"""Longest side that is accepted, which is the longest that a JPEG can have."""
MIN_SIDE = 8
MAX_PASSED_PIXELS = 5_000_000_000
"""Pixels times passes of a progressive JPEG: a hundred passes over the largest image.

Usual are ten; a made-up file with thousands takes hours.
"""
MAX_PASSES = 1000
CANONICAL_SIDE = 256
"""Longest side, in pixels, of the image that is cached for training and fed when serving."""

# Pillow warns about large images, for which `decode` has a stricter limit of its own, and about
# broken EXIF, of which `decode` needs only the orientation.
warnings.filterwarnings("ignore", module=r"PIL\.")


class ImageError(PokeclfError):
    """An image that cannot be used; the message says why in one sentence."""


def decode(source: bytes | str | Path) -> Image.Image:
    """Decode an untrusted image.

    Accepts PNG, JPEG, WebP, GIF (first frame) and BMP, told by content and not by name. EXIF
    rotation is applied, transparency is laid over white, and CMYK, palette, grey and 16-bit
    images become 8-bit RGB. Sizes are checked before any pixel is decoded. An image whose longest
    side is at least four times :data:`CANONICAL_SIDE` is shrunk by a whole factor on the way, so
    that memory stays small.

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
    data = _read(source)
    image, exif = _open(data)
    _check_size(image)
    _check_effort(image, data)
    try:
        factor = _shrink_factor(image.size)
        # JPEG can be decoded at a half, a quarter or an eighth of its size for free.
        image.draft(None, (image.width // factor, image.height // factor))
        _scale_transparent_colour(image)
        image.load()
        return _upright(_to_small_rgb(image), containers.orientation(exif))
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds for broken data.
        raise ImageError("The image is damaged or incomplete and cannot be read.") from error


def size(source: bytes | str | Path) -> tuple[int, int]:
    """Width and height of an untrusted image as it is shown, upright, without decoding its pixels.

    Raises
    ------
    ImageError
        When it is no image in one of the accepted formats.
    """
    image, exif = _open(_read(source))
    turned = containers.orientation(exif) in (5, 6, 7, 8)
    return image.size[::-1] if turned else image.size


def _read(source: bytes | str | Path) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        path = Path(source)
        name = path.name or str(path)
        try:
            if path.is_dir():
                raise ImageError(f"{name} is a folder, not an image.")
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise ImageError(f"There is no file {name}.") from None
        except (OSError, ValueError):
            raise ImageError(f"The file {name} cannot be read.") from None
    if not data:
        raise ImageError("The file is empty.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The file is larger than the {MAX_BYTES // 2**20} MB that are accepted.")
    return data


def _open(data: bytes) -> tuple[Image.Image, bytes]:
    """The image, of which nothing but its header has been read, and its EXIF."""
    try:
        data, exif = containers.bare(data)
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        return image, exif or image.info.get("exif", b"")
    except containers.TooManyPiecesError:
        raise ImageError(
            "The image is stored in too many pieces; save it again in another way."
        ) from None
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


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    most = MAX_WEBP_PIXELS if image.format == "WEBP" else MAX_PIXELS
    if width * height > most or max(width, height) > MAX_SIDE:
        raise ImageError(
            f"The image has {width} × {height} pixels; at most {most // 1_000_000} million pixels "
            f"are accepted, and at most {MAX_SIDE} on a side."
        )
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"The image is only {width} × {height} pixels; "
            f"each side must have at least {MIN_SIDE} pixels."
        )


def _check_effort(image: Image.Image, data: bytes) -> None:
    """Refuse what is within the limits and still takes long to decode."""
    pixels = image.width * image.height
    if image.format == "JPEG":
        most = min(MAX_PASSES, MAX_PASSED_PIXELS // pixels)
        if containers.jpeg_passes(data) > most:
            raise ImageError("The JPEG is stored in too many passes; save it again in another way.")
    packed = any(tile.codec_name == "bmp_rle" for tile in image.tile)
    if packed and max(pixels, len(data)) > MAX_PACKED_BMP:
        raise ImageError("The BMP is too large for run-length code; save it as a PNG.")


def _shrink_factor(size: tuple[int, int]) -> int:
    """The whole number to divide a size by, keeping both sides usable; 1 for a small image."""
    return max(1, min(max(size) // (2 * CANONICAL_SIDE), min(size) // MIN_SIDE))


def _scale_transparent_colour(image: Image.Image) -> None:
    """Scale a PNG's transparent colour to 8 bits, as Pillow does with the pixels alone."""
    colour = image.info.get("transparency")
    if colour is None or image.format != "PNG":
        return
    match image.tile[0].args:  # How the file stores a pixel.
        case "L;2":
            image.info["transparency"] = colour * 85
        case "L;4":
            image.info["transparency"] = colour * 17
        case "RGB;16B":
            image.info["transparency"] = tuple(value >> 8 for value in colour)


def _to_small_rgb(image: Image.Image) -> Image.Image:
    """Shrink a loaded image and convert it, a few rows at a time to save memory."""
    factor = _shrink_factor(image.size)
    width, height = image.size
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, 2**20 // (width * factor))
    for top in range(0, height, rows):
        strip = _to_rgb(image.crop((0, top, width, min(top + rows, height))))
        small.paste(strip.reduce(factor), (0, top // factor))
    return small  # A new image, with nothing of the original but its pixels.


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        image = _to_eight_bits(image)
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; plain conversion would clip everything bright to white."""
    grey = np.asarray(image)
    scaled = Image.fromarray((np.clip(grey, 0, 65535) >> 8).astype(np.uint8))
    if "transparency" in image.info:
        opaque = grey != image.info["transparency"]
        scaled.putalpha(Image.fromarray(opaque.astype(np.uint8) * np.uint8(255)))
    return scaled


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image, orientation: int | None) -> Image.Image:
    """Undo the turn or reflection that an EXIF orientation of 2 to 8 tells of."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def canonical(image: Image.Image) -> Image.Image:
    """Shrink to at most :data:`CANONICAL_SIDE` on the longest side, keeping the aspect ratio.

    Only a strip so thin that a side would fall under :data:`MIN_SIDE` gets that side instead.
    Training caches this image and serving starts from it, so both resize from the same pixels.
    """
    if max(image.size) <= CANONICAL_SIDE:
        return image
    scale = CANONICAL_SIDE / max(image.size)
    size = tuple(max(MIN_SIDE, round(side * scale)) for side in image.size)
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
        return self.tensor_of_crop(self.crop(image))

    def tensor_of_crop(self, crop: Image.Image) -> torch.Tensor:
        """The same from what :meth:`crop` gave."""
        return self.normalise(torch.from_numpy(np.array(crop)).permute(2, 0, 1))

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalise uint8 RGB of shape … × 3 × H × W to float32 of the same shape."""
        shape = (3, 1, 1)
        mean = torch.tensor(self.mean, device=pixels.device).view(shape)
        std = torch.tensor(self.std, device=pixels.device).view(shape)
        values = pixels.to(torch.float32, copy=True)  # The steps need no further copies.
        return values.div_(255).sub_(mean).div_(std)
