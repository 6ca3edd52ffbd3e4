import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import EpsImagePlugin, Image

from pokeclf import dataset, imaging
from pokeclf.imaging import ImageError, Preprocessing, canonical, decode
from tests.bad_images import (
    BLUE,
    GREEN,
    RED,
    REFUSED,
    WHITE,
    bad_images,
    huge_images,
    quadrants,
    save,
)

# The filter for this in `imaging` is undone by pytest.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

OPEN_FILES = Path("/proc/self/fd")
CASES = bad_images()
READABLE = {name: data for name, (data, expected) in CASES.items() if expected != REFUSED}


def check(data, expected):
    """That `decode` does what is expected of it."""
    if expected == REFUSED:
        with pytest.raises(ImageError) as caught:
            decode(data)
        check_sentence(str(caught.value))
        return
    image = decode(data)
    assert image.mode == "RGB"
    assert not image.info
    assert not image.getexif()
    check_size(image.size, expected)
    width, height = image.size
    centres = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    shown = np.array([image.getpixel(centre) for centre in centres])
    assert np.abs(shown - np.array(expected.colours)).max() <= expected.tolerance, shown


def check_size(size, expected):
    """The size of the file where it is small; else the same shape, to a pixel, and not large."""
    if max(expected.size) < 4 * imaging.CANONICAL_SIDE:
        assert size == expected.size
        return
    assert min(size) >= imaging.MIN_SIDE
    factor = max(expected.size) / max(size)
    for side, original in zip(size, expected.size, strict=True):
        assert abs(side - original / factor) <= 1
    if min(expected.size) > 1000:
        assert max(size) < 4 * imaging.CANONICAL_SIDE


def check_sentence(message, *unwanted):
    assert message[0].isupper()
    assert message.endswith(".")
    assert "\n" not in message
    assert "/" not in message
    assert len(message) < 200
    for text in unwanted:
        assert str(text) not in message


# Untrusted bytes


@pytest.mark.parametrize("name", CASES)
def test_an_odd_image_is_decoded_right_or_refused_in_a_sentence(name):
    check(*CASES[name])


@pytest.mark.parametrize(
    "name",
    [
        "png palette with alpha, 49 megapixels",
        "png 16-bit grey with transparency, 49 megapixels",
        "progressive jpeg, 49000 x 1000",
        "webp, 49 megapixels",
    ],
)
def test_a_huge_image_is_decoded_right_or_refused_in_a_sentence(name):
    check(*huge_images()[name]())


def test_an_image_of_169_megapixels_is_refused_by_its_header():
    data, _ = CASES["png of 13000 x 13000"]
    assert len(data) < 25_000
    with pytest.raises(ImageError, match="13000 × 13000 pixels; at most 50 million pixels"):
        decode(data)


def test_damaged_files_are_images_or_refused_in_a_sentence():
    random = np.random.default_rng(0)
    for data in READABLE.values():
        if len(data) > 2000:  # The damage shall hit headers, which fill most of a small file.
            continue
        for _ in range(8):
            damaged = np.frombuffer(data, np.uint8).copy()
            places = random.integers(0, len(damaged), 3)
            damaged[places] = random.integers(0, 256, 3)
            try:
                image = decode(
                    damaged[: random.integers(len(damaged) // 2, 2 * len(damaged))].tobytes()
                )
            except ImageError as error:
                check_sentence(str(error))
            else:
                assert image.mode == "RGB"
                assert min(image.size) >= imaging.MIN_SIDE


def test_a_file_and_its_bytes_give_the_same_image(tmp_path):
    for number, data in enumerate(READABLE.values()):
        # The name says nothing about the contents.
        path = tmp_path / f"{number}.png"
        path.write_bytes(data)
        from_bytes = decode(data)
        assert from_bytes == decode(path) == decode(str(path))


def test_a_postscript_file_never_reaches_ghostscript(monkeypatch, tmp_path):
    Image.init()  # All of Pillow's formats are known, as after any use of `Image.open`.
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: pytest.fail("was run"))
    path = tmp_path / "card.png"
    path.write_bytes(CASES["eps named .png"][0])
    with pytest.raises(ImageError, match="not an image in one of the accepted formats"):
        decode(path)


def test_shrinking_row_by_row_is_the_mean_over_blocks():
    noise = np.random.default_rng(0).integers(0, 256, (1999, 3001, 3), np.uint8)
    image = Image.fromarray(noise)
    assert decode(save(image, "PNG")) == image.reduce(5)
    means = noise[:1995, :3000].reshape(399, 5, 600, 5, 3).mean((1, 3))
    assert np.abs(np.asarray(image.reduce(5))[:399, :600] - means).max() <= 1


def test_transparent_pixels_do_not_tint_a_large_image():
    # Hidden red beside visible blue, in columns finer than the factor of shrinking.
    pixels = np.zeros((1024, 1024, 4), np.uint8)
    pixels[:, ::2] = (*RED, 0)
    pixels[:, 1::2] = (*BLUE, 255)
    red, green, blue = decode(save(Image.fromarray(pixels), "PNG")).getpixel((200, 200))
    assert blue == 255
    assert red == green
    assert abs(red - 127.5) <= 1


def test_decoding_in_threads_gives_the_same_images():
    names = list(READABLE)[:40]
    alone = [decode(READABLE[name]) for name in names]
    wrong = []

    def work():
        wrong.extend(
            name
            for name, image in zip(names, alone, strict=True)
            if decode(READABLE[name]) != image
        )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# Paths and limits


def refusal(source):
    with pytest.raises(ImageError) as caught:
        decode(source)
    return str(caught.value)


def test_paths_without_a_file(tmp_path):
    (tmp_path / "cards.png").mkdir()
    (tmp_path / "file.png").write_bytes(b"x")
    assert refusal(tmp_path / "cards.png") == "cards.png is a folder, not an image."
    assert refusal(str(tmp_path / "none.png")) == "There is no file none.png."
    assert refusal(tmp_path / "file.png" / "in.png") == "The file in.png cannot be read."
    check_sentence(refusal(tmp_path / f"{'long' * 40}.png"), tmp_path)
    check_sentence(refusal("in\0side.png"))


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "secret.png").write_bytes(save(quadrants(), "PNG"))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(tmp_path / "secret.png") == "The file secret.png cannot be read."


def test_too_many_bytes(tmp_path, monkeypatch):
    data = save(quadrants(), "PNG")
    (tmp_path / "card.png").write_bytes(data)
    monkeypatch.setattr(imaging, "MAX_BYTES", len(data))
    assert decode(data).size == (64, 48)
    monkeypatch.setattr(imaging, "MAX_BYTES", len(data) - 1)
    for source in (data, tmp_path / "card.png"):
        message = refusal(source)
        check_sentence(message, tmp_path)
        assert "larger than" in message


@pytest.mark.parametrize(
    ("limit", "format"),
    [("MAX_PIXELS", "PNG"), ("MAX_PIXELS", "JPEG"), ("MAX_WEBP_PIXELS", "WEBP")],
)
def test_too_many_pixels(limit, format, monkeypatch):
    data = save(quadrants(), format)
    monkeypatch.setattr(imaging, limit, 64 * 48)
    assert decode(data).size == (64, 48)
    monkeypatch.setattr(imaging, limit, 64 * 48 - 1)
    assert "64 × 48 pixels" in refusal(data)


def test_limits_keep_to_what_is_promised():
    assert imaging.MAX_BYTES >= 20 * 2**20
    assert imaging.MAX_PIXELS >= 40_000_000


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="counts open files in /proc")
def test_no_file_stays_open(tmp_path):
    before = len(list(OPEN_FILES.iterdir()))
    for name, (data, expected) in CASES.items():
        path = tmp_path / "image.png"
        path.write_bytes(data)
        if expected == REFUSED:
            refusal(path)
        else:
            decode(path)
        assert len(list(OPEN_FILES.iterdir())) == before, name


# The image that is cached


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((256, 256), (256, 256)),
        ((8, 200), (8, 200)),
        ((257, 257), (256, 256)),
        ((512, 384), (256, 192)),
        ((300, 1000), (77, 256)),
        ((1023, 769), (256, 192)),
        ((5000, 8), (256, 8)),
        ((8, 5000), (8, 256)),
    ],
)
def test_canonical_size(size, expected):
    image = quadrants(size)
    small = canonical(image)
    assert small.size == expected
    assert small.mode == "RGB"
    assert canonical(small) == small
    if max(size) <= imaging.CANONICAL_SIDE:
        assert small == image


def test_canonical_keeps_the_picture():
    small = canonical(quadrants((800, 600)))
    centres = [small.getpixel((x, y)) for y in (48, 144) for x in (64, 192)]
    assert centres == [RED, GREEN, BLUE, WHITE]


# What a model sees


def preprocessing(size=32, rule="squash", mean=(0.5,) * 3, std=(0.5,) * 3):
    return Preprocessing(size, rule, mean, std)


def test_squash_fills_the_square():
    square = preprocessing(32, "squash").crop(quadrants((80, 20)))
    assert square.size == (32, 32)
    assert [square.getpixel((x, y)) for y in (2, 29) for x in (2, 29)] == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(("size", "turned"), [((80, 20), False), ((20, 80), True)])
def test_pad_keeps_the_shape_and_fills_with_white(size, turned):
    square = preprocessing(32, "pad").crop(Image.new("RGB", size, BLUE))
    assert square.size == (32, 32)
    pixels = np.asarray(square)
    if turned:
        pixels = pixels.swapaxes(0, 1)
    assert (pixels[12:20] == BLUE).all()
    assert (pixels[:12] == 255).all()
    assert (pixels[20:] == 255).all()


def test_a_square_image_is_the_same_by_both_rules():
    image = quadrants((48, 48))
    assert preprocessing(32, "pad").crop(image) == preprocessing(32, "squash").crop(image)


@pytest.mark.parametrize("rule", ["squash", "pad"])
@pytest.mark.parametrize("name", ["5000 x 8", "8 x 5000", "8 x 8", "65535 x 16"])
def test_extreme_shapes_become_squares(name, rule):
    image = decode(CASES[name][0])
    for size in (32, 224):
        assert preprocessing(size, rule).tensor(image).shape == (3, size, size)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="'crop'"):
        preprocessing(rule="crop")


def test_normalised_values():
    image = Image.new("RGB", (40, 40), (0, 128, 255))
    plain = preprocessing(mean=(0, 0, 0), std=(1, 1, 1)).tensor(image)
    assert plain.dtype == torch.float32
    assert plain.shape == (3, 32, 32)
    assert plain[:, 5, 7].tolist() == pytest.approx([0, 0.5019608, 1], abs=1e-6)
    centred = preprocessing().tensor(image)
    assert centred[:, 5, 7].tolist() == pytest.approx([-1, 0.0039216, 1], abs=1e-6)
    imagenet = preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)).tensor(image)
    assert imagenet[:, 5, 7].tolist() == pytest.approx([-2.1179039, 0.2051821, 2.64], abs=1e-6)


def test_a_batch_is_normalised_like_its_images():
    ways = preprocessing(24, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    images = [quadrants(), quadrants((30, 90)), Image.new("RGB", (24, 24), (1, 2, 3))]
    pixels = np.stack([np.asarray(ways.crop(image)) for image in images])
    batch = ways.normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    assert torch.equal(batch, torch.stack([ways.tensor(image) for image in images]))


def test_evaluation_and_serving_see_the_same_tensor(tmp_path):
    """The promise of the module: the cached image and the file give equal tensors, bit for bit."""
    root = tmp_path / "data"
    (root / "abra").mkdir(parents=True)
    random = np.random.default_rng(0)

    def noise(width, height, channels=3):
        return Image.fromarray(random.integers(0, 256, (height, width, channels), np.uint8))

    files = {
        "small.png": save(noise(60, 80), "PNG"),
        "equal.png": save(noise(256, 200), "PNG"),
        "larger.png": save(noise(257, 300), "PNG"),
        "large.png": save(noise(700, 500), "PNG"),
        "huge.jpg": save(noise(1700, 1300), "JPEG"),
        "thin.png": save(noise(900, 9), "PNG"),
        "alpha.png": save(noise(300, 300, 4), "PNG"),
        "lossy.webp": save(noise(320, 240), "WEBP"),
        "turned.jpg": CASES["large jpeg with exif orientation 6"][0],
        "cmyk.jpg": CASES["large cmyk jpeg"][0],
        "palette.png": CASES["palette png with alpha"][0],
        "deep.png": CASES["large 16-bit grey png"][0],
        "moving.gif": CASES["animated gif"][0],
    }
    for name, data in files.items():
        (root / "abra" / name).write_bytes(data)
    folder = dataset.open_folder(root, tmp_path / "work")
    assert len(folder.entries) == len(files)
    for index, entry in enumerate(folder.entries):
        for ways in (preprocessing(64), preprocessing(224, "pad"), preprocessing(300)):
            evaluated = ways.tensor(folder.image(index))
            served = ways.tensor(decode(root / entry.path))
            assert torch.equal(evaluated, served), entry.path


@pytest.mark.parametrize("name", READABLE)
def test_the_size_of_a_file_is_told_upright(name):
    stored = imaging.size(READABLE[name])
    width, height = decode(READABLE[name]).size
    assert (stored[0] > stored[1]) == (width > height)
    assert stored[0] >= width


def test_the_size_of_what_is_no_image_is_refused():
    with pytest.raises(ImageError, match="not an image in one of"):
        imaging.size(b"no image")
