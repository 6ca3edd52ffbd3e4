"""Programs in which something breaks: they are killed, the disk is full or may not be written.

Python tells an audit hook of each step on the disk before it is made, so that a process can be
killed, for certain, between any two of them, and so that a write can be refused to root as well.
``python -m tests.faults.breaking HOW WHERE MODULE [ARGUMENT…]`` runs a module that way:

``kill NAME:COUNT``
    with SIGKILL, before the file or folder NAME is put in its place for the COUNTth time.
``full NAME:COUNT``
    from there on no file can grow beyond :data:`ROOM`, as on a disk that is full.
``read-only FOLDER``
    nothing below a folder can be made, changed or removed.
``nothing ""``
    breaks.
"""

from __future__ import annotations

import errno
import os
import resource
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROOM = 1000
"""Bytes that a file can still have when the disk is full."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink",
    "os.truncate", "os.utime", "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp",
}  # fmt: skip
_STEPS = {*_CHANGES, "open", "ctypes.dlsym"}
"""What counts as a step; folders are exchanged by a function of the C library."""


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do some work in a child process that kills itself before a step; whether it was killed.

    A file that is flushed to the disk is also a step, before which half of it is cut off: that
    is a process that is killed while it writes.
    """
    child = os.fork()
    if child == 0:
        try:
            _die_at(step)
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _die_at(step: int) -> None:
    left = [step]

    def count(event: str, _: tuple) -> None:
        if event in _STEPS:
            if left[0] == 0:
                _die()
            left[0] -= 1

    def half_written(handle: int) -> None:
        if left[0] == 0:
            os.ftruncate(handle, os.fstat(handle).st_size // 2)
            _die()
        left[0] -= 1

    os.fsync = half_written
    sys.addaudithook(count)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(how: str, where: str | Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a module in which something breaks; see the documentation of this module."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.breaking", how, where, *command],
        cwd=ROOT, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


def _at(where: str, happen: Callable[[], None]) -> None:
    """Let something happen before a file or folder is put in its place for the nth time."""
    name, _, count = where.rpartition(":")
    left = [int(count)]

    def watch(event: str, details: tuple) -> None:
        if event == "os.rename" and Path(os.fsdecode(details[1])).name == name:
            left[0] -= 1
            if left[0] == 0:
                happen()

    sys.addaudithook(watch)


def _fill_the_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))


def _protect(folder: str) -> None:
    """Refuse every change below a folder, as a disk does that may only be read."""
    place = Path(folder).resolve()

    def refuse(event: str, details: tuple) -> None:
        if event not in _CHANGES and not (event == "open" and _writes(*details)):
            return
        for path in details[: 2 if event == "os.rename" else 1]:
            if isinstance(path, str | bytes | os.PathLike) and _is_below(path, place):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fsdecode(path))

    sys.addaudithook(refuse)


def _writes(path: Any, mode: str | None, flags: int) -> bool:
    return bool(flags & _WRITING) and not _is_device(path)


def _is_device(path: Any) -> bool:
    return isinstance(path, str | bytes | os.PathLike) and Path(os.fsdecode(path)).is_char_device()


def _is_below(path: str | bytes | os.PathLike, place: Path) -> bool:
    return Path(os.path.realpath(os.fsdecode(path))).is_relative_to(place)


def main() -> None:
    """Break what is asked for, and run the module."""
    how, where, module, *arguments = sys.argv[1:]
    match how:
        case "kill":
            _at(where, _die)
        case "full":
            _at(where, _fill_the_disk)
        case "read-only":
            _protect(where)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
