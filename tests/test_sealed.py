"""Files that tell whether they are what was written."""

from __future__ import annotations

import pytest
import safetensors.torch
import torch

from pokeclf import sealed

TENSORS = {"b": torch.arange(6.0).reshape(2, 3).T, "a": torch.tensor([1, 2], dtype=torch.int8)}
SAID = {"of": "something", "more": "words"}


def flipped(data, place=-1):
    """The same bytes but one bit."""
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def test_tensors_come_back_with_what_was_said_of_them(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(sealed.pack(TENSORS, SAID))
    tensors, said = sealed.read(path)
    assert said == SAID
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(tensors[name], tensor)
        assert tensors[name].dtype == tensor.dtype


def test_any_flipped_bit_is_noticed(tmp_path):
    path, data = tmp_path / "file", sealed.pack(TENSORS, SAID)
    for place in range(len(data)):
        path.write_bytes(flipped(data, place))
        try:
            tensors, said = sealed.read(path)
        except ValueError:
            continue
        # Blanks that fill the header up mean nothing.
        assert said == SAID
        assert all(torch.equal(tensors[name], each) for name, each in TENSORS.items())


def test_other_words_and_less_of_them_do_not_fit_the_hash(tmp_path):
    data = sealed.pack(TENSORS, SAID)
    for other in (data.replace(b"something", b"somethinG"), data[:-4], b""):
        (tmp_path / "file").write_bytes(other)
        with pytest.raises(ValueError):  # noqa: PT011 - each reader says it in its own words
            sealed.read(tmp_path / "file")


def test_a_file_without_a_hash_is_not_trusted(tmp_path):
    (tmp_path / "file").write_bytes(safetensors.torch.save({"a": torch.ones(2)}))
    with pytest.raises(ValueError, match="hash"):
        sealed.read(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        sealed.read(tmp_path / "none")
