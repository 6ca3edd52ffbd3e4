"""How large the body of a request may be: it is in memory before anybody has looked at it.

Gradio bounds the files of an upload alone, each by itself.
"""

from __future__ import annotations

from gradio import route_utils
from gradio.route_utils import GradioMultiPartParser, MultiPartException
from starlette.concurrency import run_in_threadpool
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pokeclf.dashboard import uploads
from pokeclf.dashboard.collection import BATCH
from pokeclf.imaging import MAX_BYTES

UPLOAD, TOOLS = "/gradio_api/upload", "/gradio_api/mcp"
MOST_OF_OTHERS = 2**20
MOST = {
    UPLOAD: BATCH * MAX_BYTES + MOST_OF_OTHERS,  # what a collection sends at once, and its form
    TOOLS: 2 * MAX_BYTES,  # a picture may stand in the question, as text
}
"""Bytes of a body, by a part of the path, which a root path may stand before."""
FULL = PlainTextResponse("The server has no room for pictures now; please try again soon.", 507)


class Bodies:
    """ASGI middleware that answers a body which is too large with status 413.

    Where the disk is nearly full, uploads are refused with status 507.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.by_path = {
            path: RequestBodyLimitMiddleware(app, max_body_size=most) for path, most in MOST.items()
        }
        self.others = RequestBodyLimitMiddleware(app, max_body_size=MOST_OF_OTHERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        if path.endswith(UPLOAD) and not await run_in_threadpool(uploads.is_room):
            await FULL(scope, receive, send)
            return
        found = (each for beginning, each in self.by_path.items() if beginning in path)
        await next(found, self.others)(scope, receive, send)


class OnlyFiles(GradioMultiPartParser):
    """Gradio's reader of uploads, which would keep what is no file in memory, and then fail."""

    def on_headers_finished(self) -> None:
        """Begin a part."""
        super().on_headers_finished()
        if self._current_part.file is None:
            raise MultiPartException("An upload holds nothing but files.")


def read_uploads() -> None:
    """Make Gradio read uploads by :class:`OnlyFiles`."""
    route_utils.GradioMultiPartParser = OnlyFiles
