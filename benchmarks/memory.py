"""Peak memory of decoding each odd or huge image: ``python -m benchmarks.memory``.

Each image is decoded in a fresh process, whose highest resident memory is compared with that of a
process that only imports :mod:`pokeclf.imaging`.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.recording import record
from pokeclf import commandline, imaging
from pokeclf.promises import DECODING
from tests.bad_images import bad_images, huge_images


def measure() -> int:
    """Print a line for each image and a summary; 1 when one takes too much memory."""
    # Processes start from a server that has imported everything, which takes no torch import each.
    # This process makes no image itself: a child's highest memory begins at its parent's.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pokeclf.imaging", "tests.bad_images"])
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, context.Pool(1, maxtasksperchild=1) as pool:
        names = pool.apply(_write_small, (folder,)) + list(huge_images())
        idle, *_ = pool.apply(_decode, (None,))
        print(f"{idle:6.0f} MB  idle, after the imports")
        for number, name in enumerate(names):
            path = Path(folder) / str(number)
            if not path.exists():
                pool.apply(_write_huge, (name, path))
            peak, seconds, outcome = pool.apply(_decode, (path,))
            path.unlink()
            peaks[name] = peak - idle
            print(f"{peaks[name]:6.0f} MB  {seconds:5.2f} s  {name}: {outcome}", flush=True)
    worst = max(peaks, key=peaks.__getitem__)
    print(f"Highest of {len(peaks)} above idle ({worst}): {DECODING.target.verdict(peaks[worst])}.")
    record({DECODING: peaks[worst]})
    return 0 if DECODING.target.reached(peaks[worst]) else 1


def _write_small(folder: str) -> list[str]:
    cases = bad_images()
    for number, (data, _) in enumerate(cases.values()):
        (Path(folder) / str(number)).write_bytes(data)
    return list(cases)


def _write_huge(name: str, path: Path) -> None:
    data, _ = huge_images()[name]()
    path.write_bytes(data)


def _decode(path: Path | None) -> tuple[float, float, str]:
    """This process's highest memory in megabytes, the seconds taken, and what came of it."""
    start = time.perf_counter()
    outcome = "nothing"
    if path is not None:
        try:
            image = imaging.decode(path)
            outcome = f"{image.width} × {image.height}"
        except imaging.ImageError as error:
            outcome = str(error)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    in_bytes = peak if sys.platform == "darwin" else 1024 * peak
    return in_bytes / 1e6, time.perf_counter() - start, outcome


if __name__ == "__main__":
    sys.exit(commandline.run(measure))
