"""What holds for whatever comes from outside, tried with what Hypothesis thinks of.

A file that a stranger made is a picture or one sentence, a name is one line, and a stored file
that was changed is refused by the project's own error.
"""

from __future__ import annotations

import io
import json
import string
from contextlib import suppress
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.fuzz import Mutations
from pokeclf import (
    catalog,
    catalogtable,
    checkpoint,
    commandline,
    containers,
    diagnosis,
    embedding,
    imaging,
    latency,
    storage,
)
from pokeclf.catalog import COLUMNS, Row
from pokeclf.catalogtable import Table
from pokeclf.checkpoint import CheckpointError
from pokeclf.dashboard import address, notices, uploads
from pokeclf.errors import PokeclfError
from pokeclf.explain import trust
from pokeclf.split import read_split
from tests.bad_images.trial import DEFECT, attempt
from tests.tiny_checkpoints import write_random_checkpoint

SIGNATURES = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\0\0\1\0WEBPVP8 ")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


# Pictures


@given(st.sampled_from(SIGNATURES), st.binary(max_size=400))
def test_any_bytes_are_a_picture_or_one_sentence(signature, rest):
    assert attempt(signature + rest).kind != DEFECT


@pytest.fixture(scope="module")
def mutations():
    return Mutations(seed=0)


@given(number=st.integers(0, 10**9))
def test_a_damaged_picture_is_a_picture_or_one_sentence(mutations, number):
    assert attempt(mutations.file(number)).kind != DEFECT


@given(
    width=st.integers(8, 200),
    height=st.integers(8, 200),
    mode=st.sampled_from(["1", "L", "RGB"]),
    kind=st.sampled_from(["PNG", "BMP", "WEBP"]),
    seed=st.integers(0, 99),
)
def test_what_was_saved_without_loss_comes_back(width, height, mode, kind, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    image = Image.fromarray(noise).convert(mode)
    file = io.BytesIO()
    image.save(file, kind, lossless=True)
    assert imaging.decode(file.getvalue()) == image.convert("RGB")
    assert imaging.size(file.getvalue()) == (width, height)


@given(st.binary(max_size=200))
@example(b"II*\0\xff\xff\xff\xff")
@example(b"MM\0*\0\0\0\x08\xff\xff")
def test_any_exif_has_an_orientation_or_none(data):
    found = containers.orientation(data)
    assert found is None or 0 <= found < 2**32


@given(st.sampled_from(SIGNATURES), st.binary(max_size=400))
def test_any_file_can_be_stripped(signature, rest):
    stripped, exif = containers.bare(signature + rest)
    assert len(stripped) + len(exif) <= len(signature + rest)
    assert containers.jpeg_passes(signature + rest) <= len(rest)


# Names


@given(st.text() | st.binary().map(lambda name: name.decode("utf-8", "surrogateescape")))
@example("\x1b[2J\r\n\u202egnp.exe\ud800")
def test_any_name_is_one_line_on_a_terminal(name):
    shown = commandline.printable(name)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert not any(sign in shown for sign in "\x1b\r\n\t\0\u202e\u2028")


@given(
    st.binary(min_size=1, max_size=60).filter(
        lambda name: not {0, ord("/")} & set(name) and name not in (b".", b"..")
    )
)
def test_any_file_is_one_line_of_a_table_and_no_formula(name):
    path = PurePosixPath("folder", name.decode("utf-8", "surrogateescape"))
    shown = catalog.file_name(path, PurePosixPath("folder"))
    assert shown[0] not in "=+-@\t\r"
    line = catalogtable._line([shown])
    assert line.count(b"\n") == 1
    assert b"\r" not in line


@given(st.text())
def test_no_sentence_is_markup(text):
    shown = notices.sentence(PokeclfError(text))
    assert "<" not in shown
    assert ">" not in shown


@given(st.text() | st.from_regex(r"(\.\./|/|~|\w|%2e|\\|\0){1,20}", fullmatch=True))
def test_no_path_but_an_upload_is_read(name):
    folder = Path(uploads.get_upload_folder()).resolve()
    try:
        found = uploads.path_of({"path": name})
    except PokeclfError:
        return
    assert Path(found).resolve().is_relative_to(folder)


@given(st.dictionaries(st.sampled_from(sorted(address.Address.__dataclass_fields__)), st.text()))
def test_any_query_is_read_and_nothing_of_its_wording_stays(query):
    found, unknown = address.read(query, ["pikachu"], ["pikachu", "mew"])
    assert set(unknown) <= set(query)
    assert not set("<>\"'") & set(found.query)


# Stored files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint whose files are changed."""
    return write_random_checkpoint(tmp_path_factory.mktemp("checkpoints"), "convmixer")


@given(what=JSON)
def test_any_json_is_no_card(folder, what):
    (folder.parent / "other").mkdir(exist_ok=True)
    (folder.parent / "other" / checkpoint.CARD).write_text(json.dumps(what))
    with pytest.raises(CheckpointError, match=r"^[A-Z].*\.$"):
        checkpoint.read_card(folder.parent / "other")


CARD_FIELDS = (
    "architecture", "classes", "preprocessing", "weights", "parameters", "temperature", "test",
    "settings", "backbone", "features_from", "agreement", "flip_averaged", "candidates", "format",
)  # fmt: skip


@given(field=st.sampled_from(CARD_FIELDS), value=JSON)
def test_a_card_with_any_value_is_sound_or_refused(folder, field, value):
    raw = json.loads((folder / checkpoint.CARD).read_text())
    copy = folder.parent / "copy" / "convmixer"
    copy.mkdir(parents=True, exist_ok=True)
    (copy / checkpoint.CARD).write_text(json.dumps({**raw, field: value}))
    with suppress(CheckpointError):
        card = checkpoint.read_card(copy)
        checkpoint.check_files(copy, card)
        checkpoint.read_weights(copy, card)


@given(contents=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_contents_of_a_stored_file_are_refused_by_our_own_error(folder, contents):
    card = checkpoint.read_card(folder)
    place = folder.parent / "stored"
    readers = {
        "split.json": lambda: read_split(place / "split.json"),
        latency.FILE: lambda: latency.read(place / latency.FILE),
        diagnosis.FILE: lambda: diagnosis.read(place),
        trust.FILE: lambda: trust.read(place, "0"),
        embedding.FILE: lambda: embedding.read(place, card),
        checkpoint.PREDICTIONS: lambda: checkpoint.read_predictions(place, "test"),
        checkpoint.CARD: lambda: checkpoint.read_card(place),
    }
    for name, read in readers.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(contents)
        with suppress(PokeclfError):
            read()


@given(contents=st.binary(max_size=300))
def test_any_file_is_a_table_or_left_as_it_is(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    for begin in (b"", (",".join(COLUMNS) + "\n").encode()):
        path.write_bytes(begin + contents)
        try:
            Table(path)
        except PokeclfError:
            assert path.read_bytes() == begin + contents


WORDS = st.text(string.printable.replace("\n", "").replace("\r", ""), max_size=20)


@given(st.lists(st.builds(Row, WORDS, WORDS, problem=WORDS), max_size=5), st.integers(0, 200))
def test_a_table_goes_on_wherever_it_was_cut_off(tmp_path_factory, rows, cut):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    list(Table(path).append(rows))
    whole = path.read_bytes()
    kept = whole[: max(0, len(whole) - cut)]
    path.write_bytes(kept)
    table = Table(path)
    list(table.append(rows[table.rows :]))
    assert path.read_bytes() == whole


@given(st.dictionaries(st.text(max_size=9), st.integers(0, 3)))
def test_any_names_of_weights_are_restored_or_refused(names):
    tensors = {name: torch.zeros(size, 2, dtype=torch.int8) for name, size in names.items()}
    # What `checkpoint.read_weights` makes a sentence of.
    with suppress(KeyError, RuntimeError, ValueError, IndexError):
        storage.restore(tensors)
