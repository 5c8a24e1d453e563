"""A reader of words: what one checkpoint says of it, another model's code reads."""

from pathlib import Path

import pytest
import torch

from pipelines.nn import checkpoint, word_reader


def test_a_reader_is_found_by_what_the_checkpoint_says_of_it(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    embedding, inputs, hidden = torch.rand(3, 2), torch.rand(4, 2), torch.rand(4, 4)
    weights = {"read.words": embedding, "read.rnn.a": inputs, "read.rnn.b": hidden, "output": torch.rand(1)}
    state = {"weights": weights} | word_reader.entry(["<pad>", "a", "b"], "read.words", "read.rnn.")
    checkpoint.save(path, state)
    found = word_reader.load(path)
    assert found.words == ("<pad>", "a", "b")
    assert torch.equal(found.embedding, embedding)
    assert found.recurrent.keys() == {"a", "b"}
    assert torch.equal(found.recurrent["b"], hidden)


def test_a_checkpoint_without_a_reader_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "other.safetensors", {"weights": {}})
    with pytest.raises(ValueError, match="holds no reader of words: name the model"):
        word_reader.load(tmp_path / "other.safetensors")
