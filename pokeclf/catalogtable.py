"""The table of a collection: a CSV file that is appended to.

Whoever starts again where it ended, even in the middle of a line, loses nothing and classifies
nothing twice.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from pokeclf.catalog import COLUMNS, Row, Summary, Tally
from pokeclf.errors import PokeclfError


class Table:
    """A CSV file of rows that is appended to.

    Parameters
    ----------
    path : a table that was begun before is gone on with; half a line at its end is cut off.

    Raises
    ------
    PokeclfError
        When the file is something else or may not be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.done: set[str] = set()
        self.models: set[str] = set()
        self._tally = Tally()
        self._end = 0
        self._go_on()

    def _go_on(self) -> None:
        if self.path.exists() and not self.path.is_file():
            raise PokeclfError(f"{self.path} cannot be written: it is not a regular file.")
        header = _line(COLUMNS)
        try:
            with self.path.open("ab+") as file:
                file.seek(0)
                begin = file.read(len(header))
                if begin != header:
                    if not header.startswith(begin):
                        raise ValueError  # Nothing of a foreign file is cut off.
                    file.truncate(0)
                    file.write(header)
                    self._end = len(header)
                    return
                whole = _length_of_whole_lines(file)
                file.seek(0)
                lines = io.TextIOWrapper(io.BytesIO(file.read(whole)), "utf-8", newline="")
                for values in csv.DictReader(lines):
                    self._count(_row(values))
                file.truncate(whole)
                self._end = whole
        except (ValueError, csv.Error):
            raise PokeclfError(f"{self.path} is not a table that this command writes.") from None
        except OSError as error:
            raise PokeclfError(f"{self.path} cannot be written: {error.strerror}.") from error

    def append(self, found: Iterable[Row]) -> Iterator[Row]:
        """Write rows as they come, each at once, and hand them on.

        Raises
        ------
        PokeclfError
            When that fails, or somebody else writes into the file.
        """
        try:
            with self.path.open("ab") as file:
                for row in found:
                    if file.seek(0, os.SEEK_END) != self._end:
                        raise PokeclfError(
                            f"{self.path} is being written by somebody else, too; "
                            "run this again when that has ended."
                        )
                    self._end += file.write(_line(asdict(row).values()))
                    file.flush()  # all of it or an error, unlike a write without a buffer
                    self._count(row)
                    yield row
        except OSError as error:
            raise PokeclfError(
                f"{self.path} cannot be written: {error.strerror}; what stands in it is kept."
            ) from error

    def _count(self, row: Row) -> None:
        self.rows += 1
        self.done.add(row.file)
        self.models.add(row.model)
        self._tally.add(row)

    @property
    def summary(self) -> Summary:
        """Of all rows."""
        return self._tally.summary


def _row(values: Mapping[str | None, str | None]) -> Row:
    """A row as it was read.

    Raises ValueError where a column is missing, or a confidence is no number of 0 to 1.
    """
    if set(values) != set(COLUMNS) or None in values.values():
        raise ValueError
    row = Row(**values)
    for confidence in (row.confidence, row.second_confidence):
        if confidence and not 0 <= float(confidence) <= 1:
            raise ValueError
    return row


def _line(values: Iterable[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode()


def _length_of_whole_lines(file: io.BufferedRandom) -> int:
    """Bytes up to the end of the last whole line."""
    end = file.seek(0, os.SEEK_END)
    step = 4096
    while end > 0:
        start = max(0, end - step)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
