"""A web server's answers: the file as it should come, and what goes wrong on its way."""

import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from random import Random

CONTENT = Random(0).randbytes(40_000)
PAGE = b"\n<!DOCTYPE html>\n<html><head><title>Please &amp; sign in</title></head></html>"

Answer = Callable[[BaseHTTPRequestHandler], None]


def reply(body: bytes, status: int = 200, /, **headers: str | None) -> Answer:
    """An answer with this body; `headers` may lie about it, and None leaves one out."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            if value is not None:
                request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other."""
    left = iter(answers)

    def answer(request: BaseHTTPRequestHandler) -> None:
        next(left)(request)

    return answer


INSTEAD: dict[str, Answer] = {
    "500": reply(b"", 500),
    "503": reply(b"", 503),
    "416": reply(b"", 416),
    "page": reply(PAGE, content_type="text/html; charset=utf-8"),
    "plain page": reply(PAGE, content_type="text/plain"),
    "redirect to page": reply(b"", 302, location="/elsewhere"),
}
HALF = ("closed", "closed, no length", "cut", "reset")  # the body ends half-way; "cut" says that this is all


@dataclass
class Site:
    """Serves `content`, also from the middle; each request meets the next fault, until they are used up."""

    content: bytes = CONTENT
    faults: Iterable[str] = ()
    version: str | None = '"1"'
    asked: list[dict[str, str]] = field(default_factory=list)  # the headers of each request
    sent: int = 0

    def __post_init__(self) -> None:
        self._faults = iter(self.faults)

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        asked = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(asked)
        fault = next(self._faults, "")
        start = int(asked.get("range", "bytes=0-")[6:-1])
        if asked.get("if-range", self.version) != self.version or fault == "range ignored":
            start = 0
        if fault in INSTEAD or start >= len(self.content):
            INSTEAD.get(fault, INSTEAD["416"])(request)
            return
        start -= fault == "other place" and start > 0
        whole = self.content[start:]
        body = {
            **dict.fromkeys(HALF, whole[: len(whole) // 2]),
            "wrong bytes": whole[:-1] + bytes([whole[-1] ^ 1]),
            "long": whole + b"...",
            "other version": bytes(len(whole)),
        }.get(fault, whole)
        self.sent += len(body)
        length = len(whole if fault in ("closed", "reset") else body)
        reply(
            body,
            206 if start else 200,
            content_length=None if fault == "closed, no length" else str(length),
            content_range=f"bytes {start}-{len(self.content) - 1}/{len(self.content)}" if start else None,
            etag='"2"' if fault == "other version" else self.version,
        )(request)
        if fault == "reset":
            request.wfile.flush()
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()
