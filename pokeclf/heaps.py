"""Where the process takes its memory from, and when it gives memory back.

Only glibc, the C library of most Linux systems, is told anything; elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
import os
import platform

M_ARENA_MAX = -8
"""The number of heaps, among the settings of glibc's ``mallopt``."""
_GLIBC = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def share(heaps: int) -> None:
    """Let all threads take memory from a few heaps, unless the environment says how many.

    The C library would give each of the some dozens of threads that Gradio uses one of its own, and
    each would keep for itself what its largest request needed.
    """
    if _GLIBC is not None and "MALLOC_ARENA_MAX" not in os.environ:
        _GLIBC.mallopt(M_ARENA_MAX, heaps)


def give_back() -> None:
    """Return to the system what is free; the C library would keep it for later.

    That is most of a model that was dropped, and what loading one took. It takes milliseconds.
    """
    if _GLIBC is not None:
        _GLIBC.malloc_trim(0)
