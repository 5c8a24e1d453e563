"""Files as texts. What recordings and pictures make of them is tested beside them (sound, vgg16)."""

import base64

import pytest

from pipelines.nn.data_urls import DataUrl, decode, encode


def test_a_file_and_its_parameters_come_back() -> None:
    text = encode(b"\x00\xff bytes", "audio/wav", name="my clip; 1,2=3.wav", start="12.5")
    assert text.startswith("data:audio/wav;name=my%20clip%3B%201%2C2%3D3.wav;start=12.5;base64,")
    found = decode(f"  {text}\n", "it", "recording")
    assert found.content == b"\x00\xff bytes"
    assert (found.parameters["name"], found.parameters["start"]) == ("my clip; 1,2=3.wav", "12.5")


def test_base64_alone_is_enough() -> None:
    assert decode(base64.b64encode(b"abc").decode(), "it", "picture") == DataUrl(b"abc", {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it holds no picture: ''"),
        ("data:image/png;base64", "it holds no picture"),
        ("data:image/png;base64,", "it holds no picture"),
        ("hello there", "it is no picture in base64 .*: 'hello there'"),
        ("data:image/png;base64,ä", "it is no picture in base64"),
    ],
)
def test_other_text_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decode(text, "it", "picture")
