"""Uploaded pictures: in a folder of this server alone, the only files that a visitor can name.

Gradio keeps uploads, and the pictures that it shows, as files. What it deletes are those that it
remembers; here everything in the folder goes when it has not been used for an hour, also what was
left by an upload that broke off, or by a server that was killed.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gradio.utils import get_upload_folder

from pokeclf.errors import PokeclfError

VARIABLE = "GRADIO_TEMP_DIR"
"""Where Gradio reads the name of the folder, whenever it needs it."""
PREFIX = "pokeclf-"
UNUSED = 3600
"""Seconds without a use after which a file goes; the pictures of a lesson last until its end."""
EVERY = 300
"""Seconds from one look at the folder to the next."""


@contextmanager
def kept_apart() -> Iterator[Path]:
    """A folder for the uploads of this server, which nobody else can read and which goes with it.

    What servers that were killed have left beside it goes, too.
    """
    parent = Path(os.environ.get(VARIABLE) or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    for folder in parent.glob(f"{PREFIX}*"):
        if _is_left_over(folder):
            shutil.rmtree(folder, ignore_errors=True)
    place, over = Path(tempfile.mkdtemp(dir=parent, prefix=PREFIX)), threading.Event()
    os.environ[VARIABLE] = str(place)
    threading.Thread(target=_sweep_until, args=(over, place), daemon=True).start()
    try:
        yield place
    finally:
        over.set()
        os.environ[VARIABLE] = str(parent)
        shutil.rmtree(place, ignore_errors=True)


def _is_left_over(folder: Path) -> bool:
    """Whether it is ours, and no server looks after it any more."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return status.st_uid == os.getuid() and status.st_ctime < time.time() - UNUSED


def _sweep_until(over: threading.Event, place: Path) -> None:
    while not over.wait(EVERY):
        os.utime(place)  # shows that a server looks after it
        sweep(place, time.time())


def sweep(place: Path, now: float) -> None:
    """Delete every file and folder below a folder that has not been used for so long.

    Parameters
    ----------
    now : seconds since the epoch.
    """
    for folder, folders, files in os.walk(place, topdown=False):
        # When it was written or marked as used: a copy has the other times of its original.
        unused = [
            path
            for path in (Path(folder, name) for name in (*folders, *files))
            if _changed(path) < now - UNUSED
        ]
        for path in unused:
            with suppress(OSError):  # gone already, or a folder that is not empty
                path.rmdir() if path.is_dir() else path.unlink()


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_ctime
    except FileNotFoundError:
        return math.inf


def checked(path: str) -> str:
    """A path that a visitor's browser sent; only files in the folder of uploads are ever read.

    Raises
    ------
    PokeclfError
        When it leads anywhere else.
    """
    if not _is_upload(path):
        raise PokeclfError("A picture has to be uploaded; no other file of the server is read.")
    return path


def mark_used(path: str) -> None:
    """Keep an upload for another hour; any other file stays as it is."""
    if _is_upload(path):
        with suppress(OSError):
            os.utime(path)


def _is_upload(path: str) -> bool:
    folder = Path(os.path.realpath(get_upload_folder()))
    try:
        return Path(os.path.realpath(path)).is_relative_to(folder)
    except ValueError:  # a character that no path has
        return False
