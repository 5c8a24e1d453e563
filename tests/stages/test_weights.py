"""VGG16's published weights: kept only as published, and where they cannot be had the message says what will do."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from stages import weights
from stages.errors import StageError
from stages.weights import VGG16, download_weights

CONTENT = b"weights of a network" * 1000
TARGET = Path("data/raw/vgg16-weights") / VGG16.path


@pytest.fixture
def small(project: Path, impatient: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small file in place of the published one, whose address nobody answers; a folder to be the mirror."""
    file = replace(
        VGG16, sha256=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT), url="https://127.0.0.1:9/vgg16.pth"
    )
    monkeypatch.setattr(weights, "VGG16", file)
    monkeypatch.setenv("DATA_MIRROR", str(project / "mirror"))
    (project / "mirror/vgg16").mkdir(parents=True)
    return project / "mirror" / VGG16.published


def test_the_file_is_known_by_the_digits_in_its_name() -> None:
    """torch.hub compares these; the whole digest is compared here."""
    assert VGG16.path == f"vgg16-{VGG16.sha256[:8]}.pth"
    assert VGG16.url.endswith(VGG16.path)


def test_the_weights_come_from_the_mirror_with_a_manifest(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write_bytes(CONTENT)
    assert download_weights() == TARGET
    assert TARGET.read_bytes() == CONTENT
    manifest = json.loads(TARGET.with_name("manifest.json").read_text())
    assert manifest["files"] == {VGG16.path: {"sha256": hashlib.sha256(CONTENT).hexdigest(), "bytes": len(CONTENT)}}
    assert "ImageNet" in manifest["licence"]
    assert "(from the mirror)" in capsys.readouterr().out
    small.unlink()
    download_weights()
    assert "(already there)" in capsys.readouterr().out


def test_other_weights_are_not_kept(small: Path) -> None:
    small.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(StageError, match="has the right size but other bytes"):
        download_weights()
    assert not TARGET.exists()


def test_where_they_cannot_be_had_the_message_names_what_will_do(small: Path) -> None:
    with pytest.raises(StageError) as caught:
        download_weights()
    message = str(caught.value)
    assert "could not reach https://127.0.0.1:9/vgg16.pth" in message
    assert "does not have vgg16/vgg16-397923af.pth" in message
    assert message.endswith(weights.ALTERNATIVES)
    assert "`source`" in message
    assert "`random`" in message
    assert not TARGET.parent.exists() or not list(TARGET.parent.iterdir())


def test_a_mirror_that_does_not_exist_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_MIRROR", "nowhere")
    with pytest.raises(StageError, match="mirror folder 'nowhere' does not exist"):
        download_weights()


def test_a_mirror_on_the_web_is_one_too(
    small: Path, serve: Callable[[Callable[[BaseHTTPRequestHandler], None]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        assert handler.path == "/base/vgg16/vgg16-397923af.pth"
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        handler.wfile.write(CONTENT)

    monkeypatch.setenv("DATA_MIRROR", serve(answer))
    download_weights()
    assert TARGET.read_bytes() == CONTENT
