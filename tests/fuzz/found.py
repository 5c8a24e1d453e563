"""Inputs that fuzzing found a fault with, which is mended: of each target a sample's name and the content."""

from collections.abc import Mapping, Sequence

FOUND: Mapping[str, Sequence[tuple[str, bytes]]] = {
    # A length that makes libsndfile seek to before the start: a traceback on the terminal.
    "sounds": [("AIFF PCM_16", b"FORM\x00\x00\x06nAIFFCOMM\x00\x00\x00\x12\x00\x01")],
}
