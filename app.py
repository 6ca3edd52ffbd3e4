"""The door: builds the dashboard and launches it. Hugging Face Spaces runs this file, too.

``POKECLF_CHECKPOINTS`` names another place of checkpoints than the folder beside this file (see
:func:`pokeclf.hub.checkpoints_folder`), and ``POKECLF_MEMORY_MB`` bounds the memory for loaded
models. ``POKECLF_DATA`` names the folder of class folders that the models were trained on, as
``--data`` of training takes it; without it, images of the data set are told of and not shown.
Gradio itself reads ``GRADIO_SERVER_NAME`` and ``GRADIO_SERVER_PORT``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pokeclf.errors import PokeclfError

HERE = Path(__file__).resolve().parent
WORKERS = 2
"""Requests that run at the same time; everybody else waits in the queue for some milliseconds."""


def main() -> int:
    """Serve the dashboard until it is interrupted; returns the exit code."""
    # Gradio and torch read these when they are imported, hence the imports below.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))
    from pokeclf import commandline, hub
    from pokeclf.classifier import ModelStore
    from pokeclf.dashboard.page import build, launch

    def serve() -> int:
        place = os.environ.get("POKECLF_CHECKPOINTS") or str(hub.BUNDLED)
        store = ModelStore(hub.checkpoints_folder(place), memory_bound())
        drawings = HERE / "examples"
        launch(build(store, drawings, WORKERS, images_folder()), drawings)
        return 0

    return commandline.run(serve)


def images_folder() -> Path | None:
    """The folder of images, None when none is named; raises PokeclfError when it is not there."""
    place = os.environ.get("POKECLF_DATA")
    if not place:
        return None
    if not Path(place).is_dir():
        raise PokeclfError(f"There is no folder of images at {place}, which POKECLF_DATA names.")
    return Path(place).resolve()


def memory_bound() -> int:
    """Bytes that loaded models may take; raises PokeclfError when they are not a number."""
    megabytes = os.environ.get("POKECLF_MEMORY_MB") or "1500"
    if not megabytes.isdecimal():
        raise PokeclfError(f"POKECLF_MEMORY_MB must be a number of megabytes, not {megabytes!r}.")
    return int(megabytes) * 2**20


if __name__ == "__main__":
    sys.exit(main())
