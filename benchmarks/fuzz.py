"""``python -m benchmarks.fuzz --minutes 60``: damaged pictures by the thousand.

Files of the tests' corpus are changed at random and decoded in a process of their own, with
bounded memory and time, so that even its death is only a finding. What a picture must not do
(raise anything but the project's own error, end the process, take too long or too much memory) is
counted, and the file that did it is kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.recording import record
from pokeclf import commandline
from pokeclf.files import write_atomically
from pokeclf.promises import FUZZ
from tests.bad_images import corpus
from tests.bad_images.trial import DEFECT, SECONDS, Outcome, attempt, bound_memory, bound_time

MINUTES = 60
"""What the promise is about."""
PATIENCE = 600
"""Seconds to wait for one file, whatever else the computer does."""
LARGE = 50_000
"""Bytes; larger files are drawn rarely, as they take the time of many."""
PNG = b"\x89PNG\r\n\x1a\n"
TELLING = (0, 1, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1)
"""Numbers at which programs err."""


class Mutations:
    """Changed files by number: the same number is always the same file."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        files = list(corpus().values())
        self.small = [data for data in files if 0 < len(data) <= LARGE]
        self.large = [data for data in files if len(data) > LARGE]

    def file(self, number: int) -> bytes:
        """The contents of a file."""
        random = np.random.default_rng((self.seed, number))
        pool = self.large if random.random() < 0.01 else self.small
        data = bytearray(self._one(random, pool))
        for _ in range(1 + int(random.exponential())):
            change = CHANGES[random.integers(len(CHANGES))]
            data = change(random, data, self._one(random, self.small)) or bytearray(b"\0")
        # Otherwise no decoder would look into a chunk that was changed.
        return with_right_checksums(bytes(data)) if random.random() < 0.7 else bytes(data)

    @staticmethod
    def _one(random: np.random.Generator, files: list[bytes]) -> bytes:
        return files[random.integers(len(files))]


def _flip(random: np.random.Generator, data: bytearray, _: bytes) -> bytearray:
    for place in random.integers(0, len(data), random.integers(1, 9)):
        data[place] ^= 1 << random.integers(8)
    return data


def _number(random: np.random.Generator, data: bytearray, _: bytes) -> bytearray:
    """A number in place of another, in one to four bytes of either order."""
    size = (1, 2, 4)[random.integers(3)]
    number = TELLING[random.integers(len(TELLING))] % 256**size
    place = random.integers(0, len(data))
    order = ("big", "little")[random.integers(2)]
    data[place : place + size] = number.to_bytes(size, order)
    return data


def _cut(random: np.random.Generator, data: bytearray, _: bytes) -> bytearray:
    return data[: random.integers(1, len(data) + 1)]


def _remove(random: np.random.Generator, data: bytearray, _: bytes) -> bytearray:
    start, end = _span(random, data)
    del data[start:end]
    return data


def _repeat(random: np.random.Generator, data: bytearray, _: bytes) -> bytearray:
    start, end = _span(random, data)
    data[end:end] = data[start:end] * random.integers(1, 9)
    return data


def _splice(random: np.random.Generator, data: bytearray, other: bytes) -> bytearray:
    """A part of another file in between."""
    start, end = _span(random, other)
    place = random.integers(0, len(data) + 1)
    data[place:place] = other[start:end]
    return data


def _noise(random: np.random.Generator, data: bytearray, _: bytes) -> bytearray:
    start, end = _span(random, data)
    data[start:end] = random.bytes(end - start)
    return data


def _span(random: np.random.Generator, data: bytes | bytearray) -> tuple[int, int]:
    """Most of them short."""
    start = random.integers(0, len(data))
    return start, min(len(data), start + int(2 ** random.uniform(0, 12)))


Change = Callable[[np.random.Generator, bytearray, bytes], bytearray]
CHANGES: tuple[Change, ...] = (
    *(_flip, _number) * 3, _cut, _remove, _repeat, _splice, _noise,
)  # fmt: skip


def with_right_checksums(data: bytes) -> bytes:
    """A PNG whose chunks all have the checksum of what they hold; any other file as it is."""
    if not data.startswith(PNG):
        return data
    mended, at = bytearray(data), len(PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(mended)


@dataclass
class Tally:
    """What came of all files so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    slowest: float = 0.0
    memory: float = 0.0
    busy: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count a file that was decoded."""
        self.kinds[outcome.kind] += 1
        self.busy += outcome.seconds
        self.slowest = max(self.slowest, outcome.seconds)
        self.memory = max(self.memory, outcome.memory)

    def __str__(self) -> str:
        files = ", ".join(f"{count:,} {kind}s" for kind, count in sorted(self.kinds.items()))
        return (
            f"{sum(self.kinds.values()):,} files in {self.busy / 60:.1f} minutes of decoding: "
            f"{files or 'nothing'}; {len(self.defects)} findings; slowest {self.slowest:.2f} s of "
            f"processor time; at most {self.memory:.0f} MB for one."
        )


def fuzz(minutes: float, seed: int, kept: Path) -> Tally:
    """Decode changed files until the time is up; those that a picture must not do are kept."""
    end = time.monotonic() + 60 * minutes
    mutations, tally = Mutations(seed), Tally()
    number, told = 0, time.monotonic()
    while time.monotonic() < end:
        for outcome in _outcomes(seed, number):
            if isinstance(outcome, str) or outcome.kind == DEFECT:
                what = outcome if isinstance(outcome, str) else outcome.words
                path = kept / f"{seed}-{number}.bin"
                write_atomically(path, mutations.file(number))
                tally.defects.append(f"{path}: {what}")
                print(tally.defects[-1], flush=True)
            else:
                tally.add(outcome)
            number += 1
            if time.monotonic() > end:
                break
            if time.monotonic() > told + 60:
                told = time.monotonic()
                print(tally, flush=True)
    return tally


def _outcomes(seed: int, first: int) -> Iterator[Outcome | str]:
    """Outcomes of the files from some number on; in the end what the process died of, if it did."""
    here, there = context().Pipe(duplex=False)
    process = context().Process(target=_decode_all, args=(there, seed, first), daemon=True)
    process.start()
    there.close()
    try:
        while here.poll(PATIENCE):
            yield here.recv()
        yield f"took more than {PATIENCE} seconds"
    except EOFError:
        process.join()
        yield f"ended the process with code {process.exitcode}"
    finally:
        process.kill()
        process.join()


def _decode_all(there: Connection, seed: int, first: int) -> None:
    mutations = Mutations(seed)
    bound_memory()
    number = first
    while True:
        data = mutations.file(number)
        bound_time(SECONDS)
        there.send(attempt(data))
        number += 1


def context() -> multiprocessing.context.SpawnContext:
    """Processes that begin anew, with none of this one's memory."""
    return multiprocessing.get_context("spawn")


def main() -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parser.add_argument("--keep", type=Path, default=Path("runs/fuzz"), metavar="DIR")
    options = parser.parse_args()
    return commandline.run(lambda: run(options))


def run(options: argparse.Namespace) -> int:
    """Fuzz, and tell and record what came of it; 1 when there were findings."""
    print(f"Seed {options.seed}, {options.minutes:g} minutes, process {os.getpid()}.", flush=True)
    tally = fuzz(options.minutes, options.seed, options.keep)
    print(tally)
    full = options.minutes >= MINUTES
    record({FUZZ: len(tally.defects)}, at_full_length=full)
    return 1 if tally.defects else 0


if __name__ == "__main__":
    sys.exit(main())
