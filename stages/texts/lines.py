"""Text files, line by line; one that is cut off or wrongly encoded is an error that names the place."""

from pathlib import Path

from stages.errors import StageError


def read_lines(path: Path, *, ended: bool = True) -> list[str]:
    """The lines of a UTF-8 text file, whole to the last one."""
    return text_lines(path.read_bytes(), str(path), ended=ended)


def text_lines(content: bytes, name: str, *, ended: bool = True) -> list[str]:
    """The lines of a file's content, as they are without a byte order mark and without the CR of Windows' line ends.

    `name` identifies the file in messages. With `ended` the last line must end, too.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise StageError(f"{name} is not UTF-8 text: {error}. Download it again.") from error
    if ended and not text.endswith("\n"):
        raise StageError(f"{name}, line {text.count(chr(10)) + 1}: the last line is cut off. Download it again.")
    return text.removesuffix("\n").split("\n")
