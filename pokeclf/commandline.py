"""What both commands share: mistakes are one sentence on standard error and exit code 2."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from pokeclf.errors import PokeclfError

SIDES = range(32, 481, 16)
"""Sides of pictures that every network takes; the ViTs cut them into patches of 16 pixels."""


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one sentence, without the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with code 2."""
        said = printable(message[:1].upper() + message[1:])
        self.exit(2, f"{said}; {self.prog} --help lists the options.\n")


def run(command: Callable[[], int]) -> int:
    """Exit code of a command; what a person did wrong becomes a sentence, not a traceback."""
    try:
        code = command()
        sys.stdout.flush()
        return code
    except PokeclfError as error:
        print(printable(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # for instance `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{printable(error.filename or 'A file')}: {error.strerror}.", file=sys.stderr)
        return 2


def path(text: str) -> Path:
    """An argument that is a path; an empty one is a mistake and not the current folder."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("a path may not be empty")
    return Path(text)


def side(text: str) -> int:
    """An argument that is a side of square pictures, in pixels, that every network takes."""
    if not text.isdecimal() or int(text) not in SIDES:
        raise argparse.ArgumentTypeError(
            f"takes a multiple of {SIDES.step} from {SIDES.start} to {SIDES[-1]}"
        )
    return int(text)


def printable(text: object) -> str:
    """A text as one line that any terminal can print, whatever the name of a file in it does.

    Bytes that are no text, control characters, ends of lines, and marks that turn the direction of
    writing are escaped.
    """
    return _STRANGE.sub(_escaped, str(text))


def _escaped(sign: re.Match[str]) -> str:
    number = ord(sign[0])
    # This is how Python keeps a byte of a name that is no text.
    byte = number - 0xDC00 if 0xDC80 <= number <= 0xDCFF else number
    return f"\\x{byte:02x}" if byte < 256 else f"\\u{number:04x}"


_STRANGE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
