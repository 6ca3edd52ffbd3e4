"""The door: builds the dashboard and launches it. Hugging Face Spaces runs this file, too.

``POKECLF_CHECKPOINTS`` names another place of checkpoints than the folder beside this file.
``POKECLF_MEMORY_MB`` bounds the memory for loaded models, and ``POKECLF_SECONDS`` the time that
one request of them may take. ``POKECLF_DATA`` names the folder of class folders that the models
were trained on, as ``--data`` of training takes it; without it, images of the data set are told of
and not shown.
``POKECLF_MCP=1`` also serves the endpoints as tools for assistants (Model Context Protocol).
Gradio itself reads ``GRADIO_SERVER_NAME``, ``GRADIO_SERVER_PORT`` and ``GRADIO_ROOT_PATH``.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pokeclf import commandline, heaps
from pokeclf.errors import PokeclfError

HERE = Path(__file__).resolve().parent
WORKERS = 2
"""Requests that run at the same time; everybody else waits in the queue for some milliseconds."""


def main(arguments: Sequence[str] = ()) -> int:
    """Serve the dashboard until it is interrupted; returns the exit code."""
    # Gradio and torch read these when they are imported, which `serve` does.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))
    # After each request Gradio sums up so many earlier ones, for a page that is switched off.
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    heaps.share(WORKERS)
    commandline.Parser(
        prog="python app.py",
        description=__doc__.replace("``", ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)  # there are none; whoever asks learns what the environment sets
    return commandline.run(serve)


def serve() -> int:
    """Serve the dashboard as the environment asks for; returns the exit code."""
    announce_to_zerogpu()
    check_port()  # before Gradio reads it, which it does when it is imported
    from pokeclf import hub
    from pokeclf.dashboard import uploads
    from pokeclf.dashboard.page import build, launch
    from pokeclf.modelstore import ModelStore

    # Whoever runs servers ends them by either, also where a shell in the background has let Ctrl-C
    # be ignored; both leave nothing behind.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.default_int_handler)
    place = os.environ.get("POKECLF_CHECKPOINTS") or str(hub.BUNDLED)
    store = ModelStore(hub.checkpoints_folder(place), memory_bound())
    drawings, mcp = HERE / "examples", serves_mcp()
    images, seconds = images_folder(), seconds_bound()
    with uploads.kept_apart():  # The page's components remember the folder when they are made.
        launch(build(store, drawings, WORKERS, images, seconds), store, drawings, mcp)
    return 0


def announce_to_zerogpu() -> None:
    """Let a ZeroGPU Space start: it gives up unless some function may ask for a GPU.

    None of ours does, since every model answers on the CPU. So one is announced that is never
    called and costs nobody's quota. Elsewhere nothing happens, and ``spaces`` isn't needed.

    Raises
    ------
    PokeclfError
        Where ``SPACES_ZERO_GPU`` is set and ``spaces``, which such Spaces bring, is missing.
    """
    # As `spaces` itself reads the variable.
    if os.environ.get("SPACES_ZERO_GPU", "").lower() not in ("1", "t", "true"):
        return
    try:
        import spaces
    except ImportError:
        raise PokeclfError(
            "SPACES_ZERO_GPU is for ZeroGPU Spaces, which bring the package spaces; "
            "it is missing here, so unset the variable."
        ) from None

    @spaces.GPU
    def never_called() -> None:
        """Every model answers on the CPU."""


def images_folder() -> Path | None:
    """The folder of images, None when none is named; raises PokeclfError when it is not there."""
    place = os.environ.get("POKECLF_DATA")
    if not place:
        return None
    if not Path(place).is_dir():
        raise PokeclfError(f"There is no folder of images at {place}, which POKECLF_DATA names.")
    return Path(place).resolve()


def check_port() -> None:
    """Raise PokeclfError when ``GRADIO_SERVER_PORT`` is set to anything but a port."""
    port = os.environ.get("GRADIO_SERVER_PORT", "7860")
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise PokeclfError(f"GRADIO_SERVER_PORT must be a number from 1 to 65535, not {port!r}.")


def memory_bound() -> int:
    """Bytes that loaded models may take; raises PokeclfError when they are not a number."""
    return _number("POKECLF_MEMORY_MB", 1500, "megabytes") * 2**20


def seconds_bound() -> int:
    """Seconds that a request of the models may take; raises PokeclfError when they are none."""
    return _number("POKECLF_SECONDS", 120, "seconds, at least 1", least=1)


def _number(variable: str, usual: int, unit: str, least: int = 0) -> int:
    text = os.environ.get(variable) or str(usual)
    if not text.isdecimal() or int(text) < least:
        raise PokeclfError(f"{variable} must be a number of {unit}, not {text!r}.")
    return int(text)


def serves_mcp() -> bool:
    """Whether the endpoints are tools, too; raises PokeclfError for anything but 1 and 0."""
    asked = os.environ.get("POKECLF_MCP") or "0"
    if asked not in ("0", "1"):
        raise PokeclfError(f"POKECLF_MCP is 1 or 0, not {asked!r}.")
    return asked == "1"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
