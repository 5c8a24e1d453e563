"""Writing waveforms: what is learned, by networks that have nothing to do with one another."""

from pathlib import Path

import pytest
import torch

from pipelines.rnn.waveform.data import load_waveforms
from pipelines.rnn.waveform.model import Generators, WaveformParams, nmse
from pipelines.tables import load_array, load_table
from tests.pipelines.examples import EXAMPLES

PARAMS = WaveformParams(1, 1, 12, 1, "lstm", 4)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return EXAMPLES["rnn", "waveform"].write(tmp_path / "tables")


def test_a_waveform_is_the_loudest_piece_of_a_recording(speech: Path) -> None:
    table, samples = load_table(speech, "val"), load_array(speech, "val", "samples")
    found = load_waveforms(speech, "val", 2, 100)
    assert found.shape == (2, 100)
    for row, waveform in enumerate(found):
        start, length = (int(table[column].iloc[row]) for column in ("start", "length"))
        pieces = [samples[at : at + 100].double() for at in range(start, start + length - 99, 100)]
        loudest = max(pieces, key=lambda piece: piece.square().sum().item())
        assert torch.corrcoef(torch.stack([loudest, waveform.double()]))[0, 1] == pytest.approx(1)
        assert waveform.abs().max() == pytest.approx(1)
        assert waveform.mean() == pytest.approx(0, abs=1e-6)


def test_too_few_recordings_are_named(speech: Path) -> None:
    with pytest.raises(ValueError, match="has 0 recordings of 1000000 samples or more: 2 are needed"):
        load_waveforms(speech, "test", 2, 1_000_000)


def test_the_error_is_a_share_of_the_variance() -> None:
    waveforms = torch.tensor([[1.0, -1.0, 3.0, -3.0], [2.0, 0.0, 2.0, 0.0]])
    means = waveforms.mean(dim=1, keepdim=True).expand(-1, 4)
    torch.testing.assert_close(nmse(means, waveforms), torch.ones(2))
    torch.testing.assert_close(nmse(waveforms, waveforms), torch.zeros(2))
    torch.testing.assert_close(nmse(means + 2, waveforms), torch.tensor([1 + 4 / 5, 1 + 4 / 1]))


def test_writers_share_nothing() -> None:
    model = Generators(PARAMS, 3)
    written = model(PARAMS.samples)
    assert written.shape == (3, 12)
    written[1].sum().backward()
    touched = [any(p.grad is not None and p.grad.any() for p in writer.parameters()) for writer in model.generators]
    assert touched == [False, True, False]


def test_a_longer_waveform_begins_like_a_shorter_one() -> None:
    model = Generators(PARAMS, 2).double()
    torch.testing.assert_close(model(20)[:, :12], model(12), rtol=0, atol=1e-12)
