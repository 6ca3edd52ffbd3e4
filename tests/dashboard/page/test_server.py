"""The real server without a browser: what it sends, what it refuses, and what stays of uploads."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from pokeclf.dashboard import uploads
from tests.bad_images.disguised import PAGE, SVG
from tests.serving import serving
from tests.tiny_checkpoints import write_random_checkpoint

ROOT = Path(__file__).parents[3]
PIKACHU = ROOT / "examples" / "pikachu.png"
NAMES = (
    "<img src=x onerror=alert(1)>.png", "a\nb.png", "a\r\nX-Evil: 1.png", "../../../tmp/evil.png",
    "..\\..\\evil.png", "/etc/passwd", "%2e%2e%2fevil.png", "a" * 2000 + ".png", "ポケモン.png",
    "\u202egnp.exe", "con.png", ".htaccess", "x.html", "x.svg", 'a"; filename="b.png', "😀" * 200,
    "a b#c?d&e=f.png", "nul\0l.png", "-rf.png", "$(touch evil).png",
)  # fmt: skip


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """Where the server keeps its folder of uploads."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def server(tmp_path_factory, temporary):
    """A server with a small model."""
    root = tmp_path_factory.mktemp("checkpoints")
    write_random_checkpoint(root, "convmixer")
    with serving(temporary, root, GRADIO_TEMP_DIR=str(temporary)) as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.address, timeout=60) as client:
        yield client


def _upload(client, data, name):
    """Upload a file; where it is now on the server, None when it was refused."""
    sent = client.post("/gradio_api/upload", files={"files": (name, data)})
    assert sent.status_code in (200, 400), sent.text
    return Path(sent.json()[0]) if sent.status_code == 200 else None


def _identify(client, picture, model="convmixer"):
    """What a program is answered: the kind of event, and its data."""
    called = client.post("/gradio_api/call/predict", json={"data": [picture, model, 3]})
    event = called.json()["event_id"]
    told = client.get(f"/gradio_api/call/predict/{event}").text
    kind, data = told.strip().split("\n\n")[-1].split("\n", 1)
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def _is_sane(answer):
    headers = answer.headers
    return (
        headers["x-content-type-options"] == "nosniff"
        and headers["referrer-policy"] == "same-origin"
        and headers["content-security-policy"]
        and "x-frame-options" not in headers
    )


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/theme.css", "/nothing", "/gradio_api/info", "/gradio_api/upload",
     "/gradio_api/file=/etc/passwd", "/gradio_api/queue/data", "/monitoring"],
)  # fmt: skip
def test_every_answer_has_sane_headers(client, path):
    assert _is_sane(client.get(path))


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("call/nothing", {"data": []}, 404),
        ("call/v2/nothing", {}, 404),
        ("call/v2/predict", {}, 422),
        ("call/v2/predict", {"picture": 3, "other": 1}, 422),
        ("run/nothing", {"data": []}, 404),
        ("queue/join", {"data": [], "fn_index": 9999, "session_hash": "a"}, 404),
        ("queue/join", {"data": [], "fn_index": -1, "session_hash": "a"}, 404),
        ("component_server",
         {"data": [], "session_hash": "a", "component_id": 99999, "fn_name": "x"}, 404),
    ],
)  # fmt: skip
def test_a_wrong_call_is_told_in_a_sentence(client, path, sent, status):
    answer = client.post(f"/gradio_api/{path}", json=sent)
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(("which.", "which there are."))


def test_an_answer_that_nobody_asked_for_is_told_to_be_none(client):
    answer = client.get("/gradio_api/call/predict/nothing")
    assert answer.text.startswith("event: error")


def test_hugging_face_may_show_the_page_in_a_frame_and_nobody_else(client):
    policy = client.get("/").headers["content-security-policy"]
    (frames,) = (part for part in policy.split("; ") if part.startswith("frame-ancestors"))
    assert frames.split()[1:] == [
        "'self'", "https://huggingface.co", "https://*.huggingface.co", "https://*.hf.space",
    ]  # fmt: skip


@pytest.mark.parametrize("data", [PAGE, SVG], ids=["page", "drawing"])
@pytest.mark.parametrize("name", ["x.png", "x.html", "x.svg", "x.xhtml", "x.pdf", "x", "x.png.htm"])
def test_an_upload_never_runs_a_script(client, name, data):
    path = _upload(client, data, name)
    for headers in ({}, {"Range": "bytes=0-9"}):
        answer = client.get(f"/gradio_api/file={path}", headers=headers)
        assert answer.status_code in (200, 206)
        assert _is_sane(answer)
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        kind = answer.headers["content-type"]
        assert kind in ("image/png", "application/octet-stream")
        if kind == "application/octet-stream":
            assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_the_name_of_an_upload_is_not_trusted(client, temporary, name):
    path = _upload(client, PIKACHU.read_bytes(), name)
    if path is None:
        return
    assert path.is_relative_to(temporary)
    assert path.is_file()
    assert not any(sign in path.name for sign in '<>\n\r\0"/\\')
    assert len(path.name.encode()) <= 255
    answer = client.get("/gradio_api/file=" + str(path).replace("%", "%25").replace("#", "%23"))
    assert "x-evil" not in answer.headers
    kind, found = _identify(client, {"path": str(path), "meta": {"_type": "gradio.FileData"}})
    if path.name.startswith("."):
        assert found["error"] == "The picture's name begins with a dot; rename the file."
    else:
        assert kind == "complete", found
    assert not list(ROOT.rglob("evil*"))


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}], ids=["bare", "file"])
@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", str(PIKACHU), "UPLOADS/../../../etc/passwd", "UPLOADS/../../pikachu.png",
     "examples/pikachu.png", "/dev/zero", "http://127.0.0.1:9/a.png", "file:///etc/passwd", ""],
)  # fmt: skip
def test_no_other_file_is_read_whoever_names_it(client, temporary, path, meta):
    (temporary / "pikachu.png").write_bytes(PIKACHU.read_bytes())
    uploaded = _upload(client, PIKACHU.read_bytes(), "mine.png").parent
    path = path.replace("UPLOADS", str(uploaded))
    kind, found = _identify(client, {"path": path, **meta})
    assert kind == "error"
    assert found["error"].startswith(("Only uploaded pictures", "Give a picture that was uploaded"))
    if path != str(PIKACHU):  # the drawings are everybody's
        assert client.get(f"/gradio_api/file={path}").status_code in (403, 404)


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/file=http://127.0.0.1:9/x", "/gradio_api/file=https://example.com/x.png",
     "/gradio_api/file=HTTPS://example.com/x.png", "/gradio_api/proxy=https://example.com/x.png"],
)  # fmt: skip
def test_no_address_is_fetched(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert _is_sane(answer)


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/gradio_api/heartbeat/%00", {}), ("/gradio_api/heartbeat/%7f", {}),
     ("/", {"X-Forwarded-Host": "[::"}), ("/config", {"X-Forwarded-Host": "a:b"}),
     ("/gradio_api/queue/data?session_hash=x", {"X-Forwarded-Host": "[::"})],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_told_in_a_sentence(client, path, headers):
    answer = client.get(path, headers=headers)
    assert answer.status_code == 400
    assert answer.text == "The address of this request cannot be read."
    assert _is_sane(answer)


@pytest.mark.parametrize("query", ["page=1", "page=nonsense", "tab=data&p%61ge=a&page=b", "page"])
def test_there_is_one_page_whichever_is_asked_for(client, query):
    answer = client.get(f"/?{query}")
    assert answer.status_code == 200
    assert "window.gradio_config" in answer.text


def test_an_upload_that_breaks_off_is_in_the_folder_that_is_swept(server, temporary):
    host, port = server.address.removeprefix("http://").split(":")
    (place,) = temporary.glob(f"{uploads.PREFIX}*")
    before = set(place.iterdir())
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        'Content-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nhalf of a pict'
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        until = time.monotonic() + 60
        while not set(place.iterdir()) - before:
            assert time.monotonic() < until
            time.sleep(0.05)
    uploads.sweep(place, time.time() + uploads.UNUSED + 60, uploads.UNUSED)
    assert [path for path in place.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_uploads_go_with_the_server(tmp_path, tmp_path_factory, ending):
    write_random_checkpoint(tmp_path / "checkpoints", "convmixer")
    place = tmp_path_factory.mktemp("temporary")
    with serving(
        tmp_path, tmp_path / "checkpoints", ending=ending, GRADIO_TEMP_DIR=str(place)
    ) as server:
        with httpx.Client(base_url=server.address, timeout=60) as client:
            path = _upload(client, PIKACHU.read_bytes(), "mine.png")
        assert path.exists()
    assert [path for path in place.rglob("*") if path.is_file()] == []


def _most_memory(server):
    """The most memory that a server ever held, in bytes."""
    status = Path(f"/proc/{server.process}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "size"), [("queue/join", 30 * 2**20), ("call/predict", 2**21), ("upload", 330 * 2**20)]
)
def test_a_body_that_is_too_large_is_refused_before_it_is_in_memory(
    client, server, path, size, chunked
):
    before = _most_memory(server)
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    chunk = part + bytes(2**20) + b"\r\n"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    length = {} if chunked else {"Content-Length": str(size)}
    sent = client.post(
        f"/gradio_api/{path}",
        content=(chunk[: size - start] for start in range(0, size, len(chunk))),
        headers=length | (form if path == "upload" else {"Content-Type": "application/json"}),
    )
    assert sent.status_code == 413
    assert _most_memory(server) - before < 25 * 2**20


def test_a_field_that_is_no_file_is_not_kept(client, server):
    before = _most_memory(server)
    sent = client.post("/gradio_api/upload", files={"files": (None, bytes(100 * 2**20))})
    assert sent.status_code == 400
    assert sent.text == "An upload holds nothing but files."
    assert _most_memory(server) - before < 25 * 2**20
    assert client.get("/health").status_code == 200


def test_a_file_that_is_too_large_is_refused_and_does_not_stay(client, temporary):
    zeros = bytes(161 * 2**20)
    sent = client.post("/gradio_api/upload", files={"files": ("a.png", zeros)})
    assert sent.status_code == 413
    assert not [path for path in temporary.rglob("*") if path.stat().st_size > 100 * 2**20]
