"""What a browser is told about every answer of the server, and what of a request is not heard."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import httpx
from gradio.route_utils import get_request_origin
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVERYTHING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Hugging Face shows Spaces in a frame, so that X-Frame-Options, which knows one site, will
    # not do.
    "Content-Security-Policy": "frame-ancestors 'self' https://huggingface.co "
    "https://*.huggingface.co https://*.hf.space; object-src 'none'; form-action 'self'",
}
UPLOADS = EVERYTHING | {
    # A web page or a drawing that somebody uploaded as a picture can neither run nor load
    # anything, even if it is opened by itself.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
FILE = "/gradio_api/file="
FOREIGN = (f"{FILE}http:", f"{FILE}https:", "/gradio_api/proxy=")
"""With these Gradio would fetch whatever address a visitor names."""
OF_SEVERAL = "page"
"""The part of a query that tells Gradio which of several pages to show. There is one; asked for
any other, Gradio fails."""


class Headers:
    """ASGI middleware that adds the headers, and refuses what Gradio should not be asked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(UPLOADS if FILE in path else EVERYTHING)
            await send(message)

        if any(beginning in path.lower() for beginning in FOREIGN):
            app = PlainTextResponse("Not found.", 404)
        elif not _has_an_address(scope):
            app = PlainTextResponse("The address of this request cannot be read.", 400)
        else:
            app = self.app
        with suppress(ClientDisconnect):  # Nobody is left to be answered.
            try:
                await app(_to_the_one_page(scope), receive, send_with_headers)
            except RuntimeError as error:
                if not isinstance(error.__cause__, HTTPException):
                    raise
                # Gradio has told, and then wants to change the status of what it has begun to send.
                await send({"type": "http.response.body"})


def _has_an_address(scope: Scope) -> bool:
    """Whether Gradio can tell where it was asked, which it tries while it answers, or after."""
    try:
        get_request_origin(Request(scope), "")
    except (httpx.InvalidURL, ValueError):
        return False
    return True


def _to_the_one_page(scope: Scope) -> Scope:
    """A request without the part of its query that names another page."""
    query = scope["query_string"]
    parts = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = [part for part in parts if part[0] != OF_SEVERAL]
    return scope if kept == parts else {**scope, "query_string": urlencode(kept).encode()}
