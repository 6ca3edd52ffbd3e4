"""Where the process takes its memory from, and when it gives memory back.

Only glibc, the C library of most Linux systems, is told anything; elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
import os
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Settings of glibc's ``mallopt``: how much may be free at a heap's end, how large the blocks are
that lie outside the heaps, and how many heaps there are."""
KEPT = 2**30
"""Bytes that are kept for the next request; what is larger goes back at once."""
_GLIBC = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def share(heaps: int) -> None:
    """Let all threads take memory from a few heaps, unless the environment says how many.

    The C library would give each of the some dozens of threads that Gradio uses one of its own, and
    each would keep for itself what its largest request needed.
    """
    if _GLIBC is not None and "MALLOC_ARENA_MAX" not in os.environ:
        _GLIBC.mallopt(M_ARENA_MAX, heaps)


def keep() -> None:
    """Keep what is freed for the next request of the same size, unless the environment has a say.

    The C library would return large blocks to the system at once and ask for them anew, cleared,
    at every step of a training, which may take as long as the step itself.
    """
    if _GLIBC is not None and not any(name.startswith("MALLOC_") for name in os.environ):
        _GLIBC.mallopt(M_MMAP_THRESHOLD, KEPT)
        _GLIBC.mallopt(M_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Return to the system what is free; the C library would keep it for later.

    That is most of a model that was dropped, and what loading one took. It takes milliseconds.
    """
    if _GLIBC is not None:
        _GLIBC.malloc_trim(0)
