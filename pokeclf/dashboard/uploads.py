"""Uploaded pictures: in a folder of this server alone, the only files that a visitor can name.

Gradio would also download what an address names. It keeps uploads, and the pictures that it shows,
as files in folders that are named after their contents, so whoever knows a path has the file. What
it deletes are those that it remembers; here everything goes when it has not been used for an hour,
also what was left by an upload that broke off, or by a server that was killed.
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
from typing import Any
from urllib.parse import unquote

from gradio.utils import get_upload_folder

from pokeclf.errors import PokeclfError

_ROUTE = "/gradio_api/file="
"""Gradio's route to a file; what follows it in an upload's address is the path."""
VARIABLE = "GRADIO_TEMP_DIR"
"""Where Gradio reads the name of the folder, whenever it needs it."""
PREFIX = "pokeclf-"
UNUSED = 3600
"""Seconds without a use after which a file goes; the pictures of a lesson last until its end."""
EVERY = 300
"""Seconds from one look at the folder to the next."""
RESERVE = 2**30
"""Bytes of the disk that uploads leave free, or a tenth of a small one."""
IN_NEED = 60
"""Seconds without a use after which a file goes when they would not."""


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
        sweep(place, time.time(), UNUSED)


def is_room() -> bool:
    """Whether the disk has room for another upload, if need be without what is not in use."""
    place = Path(get_upload_folder())
    if not place.is_dir() or _has_reserve(place):
        return True
    sweep(place, time.time(), IN_NEED)
    return _has_reserve(place)


def _has_reserve(place: Path) -> bool:
    disk = shutil.disk_usage(place)
    return disk.free >= min(RESERVE, disk.total // 10)


def sweep(place: Path, now: float, unused_for: float) -> None:
    """Delete every file and folder below a folder that has not been used for so long.

    Parameters
    ----------
    now : seconds since the epoch.
    unused_for : seconds.
    """
    for folder, folders, files in os.walk(place, topdown=False):
        # When it was written or marked as used: a copy has the other times of its original.
        unused = [
            path
            for path in (Path(folder, name) for name in (*folders, *files))
            if _changed(path) < now - unused_for
        ]
        for path in unused:
            with suppress(OSError):  # gone already, or a folder that is not empty
                path.rmdir() if path.is_dir() else path.unlink()


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_ctime
    except FileNotFoundError:
        return math.inf


def path_of(file: object) -> str:
    """Where an upload lies.

    Parameters
    ----------
    file : what Gradio's clients send of a file: its path, or its address on this server.

    Raises
    ------
    PokeclfError
        For anything but an upload, and for one that is a hidden file.
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not path:
        raise PokeclfError("Give a picture that was uploaded.")
    if path.startswith(("http://", "https://")):
        path = unquote(path.partition(_ROUTE)[2])
    if not _is_upload(path):
        raise PokeclfError("Only uploaded pictures are read, no other files and no addresses.")
    if Path(path).name.startswith("."):  # Gradio hands none of these out.
        raise PokeclfError("The picture's name begins with a dot; rename the file.")
    return path


def named(file: object) -> tuple[str, str]:
    """What the sender calls a file, and where it lies; raises PokeclfError as :func:`path_of`."""
    path = path_of(file)
    name = file.get("orig_name")
    return name if isinstance(name, str) and name else Path(path).name, path


def discard(path: str) -> None:
    """Delete an upload that nobody needs any more; any other file stays as it is."""
    if _is_upload(path):
        with suppress(OSError):  # gone already
            Path(path).unlink()
            Path(path).parent.rmdir()


def uploads_only(sent: Any) -> Any:  # noqa: ANN401 - whatever a program sends
    """The same with the path of each file in it; raises PokeclfError as :func:`path_of` does."""
    if isinstance(sent, list):
        return [uploads_only(each) for each in sent]
    if isinstance(sent, dict):
        if "path" in sent:
            return {**sent, "path": path_of(sent)}
        return {key: uploads_only(value) for key, value in sent.items()}
    return sent


def mark_used(path: str) -> None:
    """Keep an upload for another hour; any other file stays as it is."""
    if _is_upload(path):
        with suppress(OSError):
            os.utime(path)


def _is_upload(path: str) -> bool:
    """Whether a path leads into the folder where Gradio keeps uploads."""
    if not path or "\0" in path:
        return False
    folder = Path(os.path.realpath(get_upload_folder()))
    return Path(os.path.realpath(path)).is_relative_to(folder)
