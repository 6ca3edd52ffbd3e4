"""The times of one image: written, read, and refused when the file is damaged."""

from __future__ import annotations

import pytest
import torch

from pokeclf import hub, latency
from pokeclf.errors import PokeclfError
from pokeclf.latency import Latency

ROW = Latency("convmixer", 12.5, "a plain pass", 30.25, 50, 1, "A CPU, with a comma", "2025-01-31")


def test_what_is_written_is_read(tmp_path):
    latency.write(tmp_path / "latency.csv", [ROW])
    assert latency.read(tmp_path / "latency.csv") == {"convmixer": ROW}


def test_no_file_means_that_nothing_was_measured(tmp_path):
    assert latency.read(tmp_path / "latency.csv") == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("12.5", "fast"), ("12.5", "nan"), ("12.5", "-1"), ("30.25", "inf"), ("30.25", ""),
        ("convmixer", "nonsense"), ("milliseconds", "seconds"), (",2025-01-31", ""), (",1,", ",x,"),
        ("A CPU", '"A CPU'),
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_sentence(tmp_path, old, new):
    path = tmp_path / "latency.csv"
    latency.write(path, [ROW])
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PokeclfError, match=r"is damaged; python -m benchmarks.latency writes it"):
        latency.read(path)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"model,milliseconds\n"])
def test_an_empty_or_foreign_file_is_one_sentence(tmp_path, data):
    (tmp_path / "latency.csv").write_bytes(data)
    with pytest.raises(PokeclfError, match=r"latency.csv is (empty|damaged); python -m"):
        latency.read(tmp_path / "latency.csv")


def test_the_bundled_times_are_of_trained_models():
    for model in latency.read(hub.BUNDLED / latency.FILE):
        assert (hub.BUNDLED / model / "card.json").exists()


def test_the_benchmark_writes_what_is_read(tmp_path, capsys):
    from benchmarks.latency import main

    threads = torch.get_num_threads()
    try:
        assert main(["convmixer", "--rounds=1", f"--out={tmp_path / 'latency.csv'}"]) == 0
        assert main(["nonsense", f"--out={tmp_path / 'other.csv'}"]) == 2
        assert main(["--rounds=0", f"--out={tmp_path / 'other.csv'}"]) == 2
    finally:
        torch.set_num_threads(threads)
    found = latency.read(tmp_path / "latency.csv")["convmixer"]
    assert found.milliseconds > 0
    assert f"{found.milliseconds:.1f} ms" in capsys.readouterr().out
    assert not (tmp_path / "other.csv").exists()
