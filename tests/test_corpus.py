"""More than 300 hostile and odd files: each is a picture or one sentence, in bounded time and
memory, and none ends the process."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.bad_images import corpus
from tests.bad_images.trial import DEFECT, PICTURE, REFUSAL, SECONDS

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is bounded by what Linux tells of it"
)


@pytest.fixture(scope="module")
def outcomes():
    """What came of each file, in a process of its own that may take little more memory."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bad_images"], capture_output=True, text=True, check=False
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        after = found[-1]["name"] if found else "the beginning"
        pytest.fail(f"the process ended with {done.returncode} after {after!r}: {done.stderr}")
    return {each.pop("name"): each for each in found}


def test_every_file_is_a_picture_or_one_sentence(outcomes):
    assert len(outcomes) >= 300
    assert {n: each["words"] for n, each in outcomes.items() if each["kind"] == DEFECT} == {}
    kinds = Counter(each["kind"] for each in outcomes.values())
    assert kinds[PICTURE] > 100
    assert kinds[REFUSAL] > 100


def test_no_file_takes_long(outcomes):
    assert {n: each for n, each in outcomes.items() if each["seconds"] > SECONDS} == {}


def test_the_files_are_the_same_every_time():
    first, second = (
        {name: hashlib.sha256(data).digest() for name, data in corpus().items()} for _ in range(2)
    )
    assert first == second
