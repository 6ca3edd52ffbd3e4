"""The real ``app.py`` in a process of its own, for tests that talk to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent / "app.py"


@dataclass(frozen=True)
class Server:
    """A running ``app.py``: its address, and the number of its process."""

    address: str
    process: int


@contextmanager
def serving(folder, checkpoints, app=APP, ending=signal.SIGTERM, **variables):
    """Run ``app.py`` from some folder; it must not have logged a traceback in the end.

    ``ending`` is the signal that it gets in the end; ``variables`` are added to its environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-u", app],
        cwd=folder,
        env={
            **os.environ,
            "POKECLF_CHECKPOINTS": str(checkpoints),
            "POKECLF_DATA": "",
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    for line in server.stdout:
        said += line
        if "Running on local URL" in line:
            break
    else:
        pytest.fail(f"app.py ended: {said}")
    try:
        yield Server(f"http://127.0.0.1:{port}", server.pid)
    finally:
        server.send_signal(ending)
        said += server.communicate(timeout=20)[0]
    assert "Traceback" not in said, said
