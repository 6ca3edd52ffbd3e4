"""Memory that is free goes back to the system."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BEGINNING = """
import ctypes, resource
from pathlib import Path
from pokeclf import heaps

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
"""
GIVEN_BACK = """
blocks = []
for _ in range(1000):
    blocks.append(libc.malloc(ctypes.c_size_t(100_000)))
    ctypes.memset(blocks[-1], 1, 100_000)
for block in blocks[:-1]:  # The last one keeps the others from being returned.
    libc.free(block)
before = resident()
heaps.give_back()
print(before - resident())
"""
KEPT = """
heaps.keep()
before = resident()
block = libc.malloc(ctypes.c_size_t(200_000_000))
ctypes.memset(block, 1, 200_000_000)
libc.free(block)
print(resident() - before)
"""
ONLY_GLIBC = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc is told anything"
)


def _told(program, **variables):
    """The number that a program prints in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    found = subprocess.run(
        [sys.executable, "-c", BEGINNING + program], cwd=ROOT, check=True, capture_output=True,
        text=True, env={**kept, **variables},
    )  # fmt: skip
    return float(found.stdout)


@ONLY_GLIBC
def test_what_is_free_is_given_back():
    assert _told(GIVEN_BACK) > 80


@ONLY_GLIBC
def test_while_training_what_is_freed_is_kept_unless_the_environment_has_a_say():
    assert _told(KEPT) > 150
    assert _told(KEPT, MALLOC_TOP_PAD_="131072") < 50
