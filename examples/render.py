"""Render every drawing in examples/svg to a PNG beside this file.

python examples/render.py [NAME…]     all of them, or only those named, such as pikachu
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
WIDTH = 480


def render(rsvg: str, source: Path, target: Path) -> None:
    """Draw one SVG on white, `WIDTH` pixels wide, as a PNG of 256 colours."""
    command = [rsvg, "--width", str(WIDTH), "--keep-aspect-ratio", "--background-color", "white"]
    done = subprocess.run([*command, str(source)], stdout=subprocess.PIPE, check=True)
    image = Image.open(io.BytesIO(done.stdout)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)


def main(names: list[str]) -> int:
    """Render the drawings called `names`, or all; return the exit code."""
    rsvg = shutil.which("rsvg-convert")
    if rsvg is None:
        print(
            "rsvg-convert is missing: install librsvg2-bin (Debian, Ubuntu) or librsvg (Homebrew).",
            file=sys.stderr,
        )
        return 2
    drawings = {path.stem: path for path in sorted((HERE / "svg").glob("*.svg"))}
    unknown = [name for name in names if name not in drawings]
    if unknown:
        print(f"There is no drawing called {', '.join(unknown)} in examples/svg.", file=sys.stderr)
        return 2
    for name in names or drawings:
        try:
            render(rsvg, drawings[name], HERE / f"{name}.png")
        except subprocess.CalledProcessError:
            print(f"rsvg-convert could not read {drawings[name]}.", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
