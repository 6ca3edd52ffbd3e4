"""What the door reads from the environment."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import gradio as gr
import pytest

import app
from pokeclf.errors import PokeclfError


def test_the_folder_of_images_is_named_by_a_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("POKECLF_DATA", raising=False)
    assert app.images_folder() is None
    monkeypatch.setenv("POKECLF_DATA", "")
    assert app.images_folder() is None
    monkeypatch.setenv("POKECLF_DATA", str(tmp_path))
    assert app.images_folder() == tmp_path.resolve()


def test_a_folder_that_is_not_there_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("POKECLF_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(PokeclfError, match="no folder of images at"):
        app.images_folder()


def test_tools_for_assistants_are_served_only_when_they_are_asked_for(monkeypatch):
    monkeypatch.delenv("POKECLF_MCP", raising=False)
    assert not app.serves_mcp()
    for value, asked in (("", False), ("0", False), ("1", True)):
        monkeypatch.setenv("POKECLF_MCP", value)
        assert app.serves_mcp() == asked
    monkeypatch.setenv("POKECLF_MCP", "yes")
    with pytest.raises(PokeclfError, match="is 1 or 0"):
        app.serves_mcp()


@pytest.mark.parametrize("port", ["", "http", "-1", "0", "65536"])
def test_a_port_that_is_none_is_said_in_a_sentence(port):
    done = subprocess.run(
        [sys.executable, app.__file__],
        env={**os.environ, "GRADIO_SERVER_PORT": port},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "must be a number from 1 to 65535" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def announced(monkeypatch):
    """The functions that were announced to a stand-in of ZeroGPU's package."""
    functions = []
    stand_in = types.ModuleType("spaces")
    stand_in.GPU = lambda function: functions.append(function) or function
    monkeypatch.setitem(sys.modules, "spaces", stand_in)
    return functions


def test_a_zerogpu_space_is_told_of_one_function_and_no_other_place_is(monkeypatch, announced):
    for elsewhere in (None, "", "0", "false"):
        if elsewhere is None:
            monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
        else:
            monkeypatch.setenv("SPACES_ZERO_GPU", elsewhere)
        app.announce_to_zerogpu()
        assert announced == []
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    app.announce_to_zerogpu()
    assert len(announced) == 1
    assert announced[0]() is None


def test_without_its_package_zerogpu_is_one_sentence_and_elsewhere_nothing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "spaces", None)  # Importing it fails.
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    app.announce_to_zerogpu()
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert app.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc has such heaps")
@pytest.mark.parametrize(("asked", "most"), [(None, app.WORKERS), ("5", 5)])
def test_many_threads_share_a_few_heaps(tmp_path, asked, most):
    program = (
        "import app, ctypes, threading\n"
        "app.heaps.share(app.WORKERS)\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p\n"
        "together = threading.Barrier(12)\n"
        "def work():\n"
        "    together.wait()\n"
        "    libc.malloc(ctypes.c_size_t(50_000))\n"
        "    together.wait()\n"
        "threads = [threading.Thread(target=work) for _ in range(12)]\n"
        "[each.start() for each in threads]\n"
        "[each.join() for each in threads]\n"
        "file = ctypes.c_void_p(libc.fopen(b'heaps', b'w'))\n"
        "libc.malloc_info(0, file)\n"
        "libc.fclose(file)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "MALLOC_ARENA_MAX"}
    if asked:
        environment["MALLOC_ARENA_MAX"] = asked
    root = Path(app.__file__).parent
    environment["PYTHONPATH"] = str(root)
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    heaps = (tmp_path / "heaps").read_text().count("<heap nr=")
    assert 1 <= heaps <= most


def test_no_request_sums_up_thousands_of_earlier_ones(monkeypatch):
    monkeypatch.delenv("GRADIO_ANALYTICS_MAX_EVENTS", raising=False)
    monkeypatch.setattr(app.heaps, "share", lambda heaps: None)
    kept = []
    monkeypatch.setattr(
        app, "serve", lambda: kept.append(gr.Blocks().queue()._queue.ANALYTICS_MAX_EVENTS) or 0
    )
    for name in ("OMP_NUM_THREADS", "GRADIO_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    assert app.main() == 0
    assert kept == [1]


def test_the_program_takes_no_options_and_tells_what_the_environment_sets(capsys):
    with pytest.raises(SystemExit) as ended:
        app.main(["--data", "images"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("Unrecognized arguments: --data images;")
    with pytest.raises(SystemExit) as ended:
        app.main(["--help"])
    assert ended.value.code == 0
    assert "POKECLF_DATA names the folder" in capsys.readouterr().out
