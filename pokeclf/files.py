"""Writing files whole or not at all, and fingerprints of their contents."""

from __future__ import annotations

import ctypes
import glob
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from pokeclf.errors import PokeclfError

_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux."""
LONGEST = 24 * 3600
"""Seconds after which nobody writes on the same folder any more."""


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write a file through a temporary one beside it, so that no reader sees half of it.

    Raises
    ------
    PokeclfError
        When the disk is full or may not be written.
    """
    write_together({path: data})


def write_together(contents: Mapping[Path, bytes | memoryview]) -> None:
    """Write several files; when one of them cannot be written, none is.

    Raises
    ------
    PokeclfError
        When the disk is full or may not be written.
    """
    with ExitStack() as cleaning:
        ready = {}
        for path, data in contents.items():
            with _failure_as_sentence(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                handle, ready[path] = _temporary(path)
                cleaning.callback(ready[path].unlink, missing_ok=True)
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                ready[path].chmod(0o644)
        for path, temporary in ready.items():
            with _failure_as_sentence(path):
                temporary.replace(path)


def check_writable(path: Path) -> None:
    """Make sure, ahead of a long computation, that a file can be written.

    Raises
    ------
    PokeclfError
        When its folder is not there or may not be written, or something else has its name.
    """
    if not path.parent.is_dir():
        raise PokeclfError(f"{path} cannot be written: there is no folder {path.parent}.")
    with _failure_as_sentence(path):
        handle, temporary = _temporary(path)  # permissions alone tell too little
        os.close(handle)
        temporary.unlink()


def check_folder_writable(folder: Path) -> None:
    """The same for a folder, which is made where there is none.

    Raises
    ------
    PokeclfError
        When nothing can be written into it.
    """
    with _failure_as_sentence(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryDirectory(dir=folder, prefix=".").cleanup()


def _temporary(path: Path) -> tuple[int, Path]:
    """An open file, and its place beside the one whose place it may take."""
    if path.exists() and not path.is_file():  # a folder, or a device, which must not be replaced
        raise PokeclfError(f"{path} cannot be written: it is not a regular file.")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    return handle, Path(name)


@contextmanager
def _failure_as_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PokeclfError(f"{path} cannot be written: {error.strerror or error}.") from error


def to_json(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """Indented UTF-8 JSON with a final newline."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


@contextmanager
def folder_written_whole(target: Path) -> Iterator[Path]:
    """A temporary folder that takes the place of ``target`` when the block ends without error.

    The old folder, if any, stays until the new one is complete, and comes back when the exchange
    fails.

    Raises
    ------
    PokeclfError
        When the disk is full or may not be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.new."))
        try:
            yield temporary
            temporary.chmod(0o755)
            _take_the_place_of(target, temporary)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise PokeclfError(f"{target} cannot be written: {error.strerror or error}.") from error


def _remove_leftovers(target: Path) -> None:
    """Remove what writers of this folder left that were killed; another one may be at work."""
    for folder in target.parent.glob(f".{glob.escape(target.name)}.new.*"):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > LONGEST:
                shutil.rmtree(folder, ignore_errors=True)


def _take_the_place_of(target: Path, new: Path) -> None:
    """Rename ``new`` to ``target``; a folder that was there is ``new`` afterwards, or gone."""
    if not target.exists():
        new.rename(target)
    elif not _exchange(target, new):
        _exchange_in_two_steps(target, new)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot do it.

    However a process ends, and whenever another one looks, there is always a folder of that name.
    """
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None).renameat2
    except AttributeError:  # an old or another C library
        return False
    return rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _exchange_in_two_steps(target: Path, new: Path) -> None:
    """The same for systems and disks that know no exchange: for a moment there is no folder."""
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
    try:
        target.rename(aside / target.name)
        try:
            new.rename(target)
        except OSError:
            (aside / target.name).rename(target)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
