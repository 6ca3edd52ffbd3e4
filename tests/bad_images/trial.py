"""What `imaging.decode` makes of one file, in bounded memory and time."""

from __future__ import annotations

import re
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from pokeclf import imaging

MEMORY = 600
"""Megabytes of address space that decoding may take above what the process has already."""
SECONDS = 15
"""Processor time that decoding may take."""
PICTURE, REFUSAL, DEFECT = "picture", "refusal", "defect"


@dataclass(frozen=True)
class Outcome:
    """What came of a file: a picture within the limits, one sentence, or something worse.

    Attributes
    ----------
    words : the picture's size, the sentence, or what is wrong.
    seconds : of processor time.
    memory : megabytes that were needed above what the process had before.
    """

    kind: str
    words: str
    seconds: float
    memory: float


def bound_memory(megabytes: int = MEMORY) -> None:
    """Let this process have so much more memory and no more; a greedy file gets a MemoryError."""
    pages, *_ = _pages()
    most = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def bound_time(seconds: int = SECONDS) -> None:
    """Let this process compute for so long from now on; it is killed when it takes longer."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def attempt(data: bytes) -> Outcome:
    """Decode a file."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    _, before, *_ = _pages()
    start = time.process_time()
    kind, words = _attempt(data)
    seconds = time.process_time() - start
    return Outcome(kind, words, seconds, _peak() - before * resource.getpagesize() / 2**20)


def _pages() -> list[int]:
    """Pages of this process: all of its address space, those in memory, and more."""
    return list(map(int, Path("/proc/self/statm").read_text().split()))


def _peak() -> float:
    """Highest resident memory in megabytes; not that of the process that started this one."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def _attempt(data: bytes) -> tuple[str, str]:
    try:
        image = imaging.decode(data)
    except imaging.ImageError as error:
        sentence = str(error)
        return (REFUSAL if is_sentence(sentence) else DEFECT), sentence
    except BaseException as error:  # whatever else comes is what is looked for
        return DEFECT, f"{type(error).__name__}: {error}"
    width, height = image.size
    usable = image.mode == "RGB" and min(width, height) >= imaging.MIN_SIDE
    bounded = width * height <= imaging.MAX_PIXELS and max(width, height) <= imaging.MAX_SIDE
    bare = not image.info and not image.getexif()
    return (PICTURE if usable and bounded and bare else DEFECT), f"{width} × {height}"


def is_sentence(words: str) -> bool:
    """Whether this is one sentence without a path, a line break or anything strange."""
    return (
        words[:1].isupper()
        and words.endswith(".")
        and words.isprintable()
        and "/" not in words
        and len(words) < 200
    )
