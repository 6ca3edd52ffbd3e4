"""Stored findings about the plain CNNs' first steps."""

from __future__ import annotations

import pytest

from pokeclf import diagnosis
from pokeclf.diagnosis import Finding
from pokeclf.errors import PokeclfError

FOUND = (
    Finding("basic_cnn", "as it was", 240, 300, 5.017, 163.4, 0.01, 0.73, 1, 0.0066),
    Finding("residual_cnn", "a smaller step, 1e-5", 64, 300, 4.2, 0.9, 0.01, 0.02, 120, 0.11),
)


def test_findings_come_back(tmp_path):
    diagnosis.write(tmp_path, FOUND)
    assert diagnosis.read(tmp_path) == FOUND


def test_each_network_has_its_own(tmp_path):
    diagnosis.write(tmp_path, FOUND)
    assert diagnosis.of(tmp_path, "residual_cnn") == FOUND[1:]
    (tmp_path / diagnosis.FILE).write_text("damaged")
    assert diagnosis.of(tmp_path, "convmixer") == ()


def test_a_network_is_blind_whose_loss_is_that_of_a_guess():
    assert diagnosis.blind(FOUND, 151) == [FOUND[0]]
    assert diagnosis.blind(FOUND, 60) == list(FOUND)


def test_nothing_may_have_been_examined(tmp_path):
    assert diagnosis.read(tmp_path) == ()


@pytest.mark.parametrize("text", ["variant,steps\na,1\n", "damaged", "", "\xff", None])
def test_a_damaged_file_is_one_sentence(tmp_path, text):
    diagnosis.write(tmp_path, FOUND)
    path = tmp_path / diagnosis.FILE
    path.write_bytes(
        path.read_bytes().replace(b",300,", b",many,") if text is None else text.encode("latin-1")
    )
    if text == "\xff":
        path.write_bytes(path.read_bytes() + b"\n\xff\n")
    with pytest.raises(PokeclfError, match="train diagnose"):
        diagnosis.read(tmp_path)
