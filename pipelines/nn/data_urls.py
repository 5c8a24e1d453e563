"""Files as texts, for models that read more than text: `data:audio/wav;name=clip.wav;base64,...`, or base64 alone.

RFC 2397, The "data" URL scheme, with parameters of our own (`name`, `start`). A served model and the command line get
recordings and pictures this way.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote


@dataclass(frozen=True)
class DataUrl:
    """The bytes of a file, and the parameters that came with them."""

    content: bytes
    parameters: Mapping[str, str]


def encode(content: bytes, media_type: str, **parameters: str) -> str:
    """A file as a text that `decode` reads back."""
    head = "".join(f";{key}={quote(value)}" for key, value in parameters.items())
    return f"data:{media_type}{head};base64,{base64.b64encode(content).decode()}"


def decode(text: str, name: str, kind: str) -> DataUrl:
    """The file in a text: a data URL, or base64 alone. Messages name the text `name`, and what it should hold, `kind`.

    Raises ValueError for a text that is not base64, or that holds nothing.
    """
    text = text.strip()
    head, comma, encoded = text.partition(",") if text.startswith("data:") else ("", ",", text)
    parameters = dict(part.partition("=")[::2] for part in head.split(";")[1:])
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{name} is no {kind} in base64 ({error}): {text[:40]!r}") from None
    if not content or not comma:
        raise ValueError(f"{name} holds no {kind}: {text[:40]!r}")
    return DataUrl(content, {key: unquote(value) for key, value in parameters.items()})
