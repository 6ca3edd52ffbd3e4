"""How long each model takes for one image, as ``python -m benchmarks.latency`` measured it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pokeclf import study
from pokeclf.errors import PokeclfError
from pokeclf.files import write_atomically

FILE = "latency.csv"
AGAIN = "python -m benchmarks.latency writes it again"


@dataclass(frozen=True)
class Latency:
    """One model's time and how it was measured.

    Attributes
    ----------
    milliseconds : median of one image, from its pixels to the probabilities, on a warm model.
    baseline : what was run in turns with it, for comparison with other machines.
    baseline_milliseconds : median of that.
    threads : threads that torch was given.
    date : day of the measurement, YYYY-MM-DD.
    """

    model: str
    milliseconds: float
    baseline: str
    baseline_milliseconds: float
    rounds: int
    threads: int
    cpu: str
    date: str


_COLUMNS = tuple(field.name for field in fields(Latency))


def write(path: Path, rows: Iterable[Latency]) -> None:
    """Write ``latency.csv``, one model a line."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(row) for row in rows)
    write_atomically(path, text.getvalue().encode())


def read(path: Path) -> dict[str, Latency]:
    """Times by model id; empty when they were never measured.

    Raises
    ------
    PokeclfError
        When the file is damaged.
    """
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [_row(row) for row in csv.DictReader(file, strict=True)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise PokeclfError(f"{path.name} is damaged; {AGAIN}.") from error
    if not rows:
        raise PokeclfError(f"{path.name} is empty; {AGAIN}.")
    return {row.model: row for row in rows}


def _row(row: dict[str, str]) -> Latency:
    """One line; raises KeyError, TypeError or ValueError when it is none."""
    found = Latency(
        study.BY_ID[row["model"]].id,
        float(row["milliseconds"]),
        row["baseline"],
        float(row["baseline_milliseconds"]),
        int(row["rounds"]),
        int(row["threads"]),
        row["cpu"],
        row["date"],
    )
    for value in (found.milliseconds, found.baseline_milliseconds):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(value)
    if not all((found.baseline, found.cpu, found.date)):
        raise ValueError(row)
    return found
