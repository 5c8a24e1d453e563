"""Speech translation: padding, the recogniser of the cascade, what each variant may read, and asking both."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from params import parse
from pipelines.seq2seq.encoders import FrameEncoder
from pipelines.seq2seq.search import GREEDY
from pipelines.seq2seq.speech_translation.data import batch_of, collate_frames
from pipelines.seq2seq.speech_translation.model import Cascade, Direct, SpeechTranslatorParams
from pipelines.seq2seq.speech_translation.predict import Predictor
from pipelines.seq2seq.speech_translation.recogniser import Recogniser
from pipelines.seq2seq.speech_translation.train import settings, train
from pipelines.seq2seq.symbols import Symbols, collate_targets
from pipelines.seq2seq.tokenizer import Tokenizer
from pipelines.sound.audio import Piece, as_text
from tests.pipelines.examples import EXAMPLES, RecordingLog, tone

pytestmark = pytest.mark.usefixtures("one_thread")

EXAMPLE = EXAMPLES["seq2seq", "speech_translation"]
TOKENIZER = Tokenizer.of(["one two three"], "words")
SPOKEN = Symbols.of(["ab c"])
PLAIN = {"dropout": 0.0, "frequency_masks": 0, "time_masks": 0, "speeds": [1.0], "scheduled_sampling": 0.0}


def params(**changes: Any) -> SpeechTranslatorParams:
    return parse(SpeechTranslatorParams, {**EXAMPLE.model, **changes}, "model")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """A run of a variant that learned its few recordings by heart."""
    known: dict[bool, Path] = {}

    def of(cascade: bool) -> Path:
        if cascade not in known:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            folder = tmp_path_factory.mktemp("speech")
            tables, known[cascade] = EXAMPLE.write(folder / "tables"), folder / "run"
            if not cascade:
                for split in ("train", "val", "test"):
                    table = pd.read_parquet(tables / f"{split}.parquet")
                    table.drop(columns="said").to_parquet(tables / f"{split}.parquet")
            known[cascade].mkdir()
            changes: dict[str, Any] = {**PLAIN, "epochs": 12, "hidden_size": 24, "embedding_size": 24, "ema_decay": 0.8}
            log = RecordingLog()
            train(EXAMPLE.run(cascade=cascade, **changes), tables, known[cascade], log)
            assert log.rows[-1]["train_loss"] < 0.3 * log.rows[0]["train_loss"]
            torch.set_num_threads(threads)
        return known[cascade]

    return of


@pytest.mark.parametrize("cascade", [False, True])
def test_a_translator_learns_sounds_and_answers_a_file(
    cascade: bool, learned: Callable[[bool], Path], tmp_path: Path
) -> None:
    out = learned(cascade)
    assert json.loads((out / "metrics.json").read_text())["test_exact"] > 50
    predicted = pd.read_csv(out / "predictions.csv")
    right = predicted[predicted["text"] == predicted["translation"]].iloc[0]
    said = "".join({"one": "a", "two": "b", "three": "c", "and": " "}[word] for word in right["text"].split())
    sound = tone(said) / 32768
    soundfile.write(tmp_path / "stereo.flac", np.stack([sound, sound], axis=1), 8000)
    answer = Predictor(out / "model.safetensors")(list(Predictor.inputs([str(tmp_path / "stereo.flac")])))[0]
    assert answer["translation"] == right["text"]
    (piece,) = answer["pieces"]
    assert piece["score"] >= piece["others"][0]["score"]
    assert f": {right['text']}  ({piece['score']:.2f})" in Predictor.shown(answer)
    assert ("recognised: " in Predictor.shown(answer)) == ("recognised" in piece) == cascade
    assert (out / "recogniser.csv").is_file() == cascade


def test_a_cascade_asks_for_transcripts(tmp_path: Path) -> None:
    tables = EXAMPLE.write(tmp_path / "tables")
    with pytest.raises(ValueError, match=r"row \d+ of train has 1 steps, too few for its target of 2 labels"):
        train(EXAMPLE.run(cascade=True, frames_per_step=99), tables, tmp_path, RecordingLog())
    path = tables / "train.parquet"
    pd.read_parquet(path).drop(columns="said").to_parquet(path)
    with pytest.raises(ValueError, match="has no column `said`"):
        train(EXAMPLE.run(cascade=True), tables, tmp_path, RecordingLog())


@pytest.mark.parametrize("build", [lambda p: Direct(p, TOKENIZER), lambda p: Cascade(p, TOKENIZER, SPOKEN)])
def test_padding_changes_no_translation(build: Callable[[SpeechTranslatorParams], Direct | Cascade]) -> None:
    torch.manual_seed(3)
    model = build(params()).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    features = [torch.randn(length, 16, dtype=torch.double) for length in (9, 31, 40)]
    together = model.translations(features, params(), n_best=2)
    for one, found in zip(features, together, strict=True):
        (alone,) = model.translations([one], params(), n_best=2)
        assert [hypothesis.symbols for hypothesis in alone] == [hypothesis.symbols for hypothesis in found]
        assert [hypothesis.score for hypothesis in alone] == pytest.approx([hypothesis.score for hypothesis in found])


def test_attention_weighs_the_steps_of_the_encoder() -> None:
    model = Direct(params(), TOKENIZER).eval()
    weights = model.attention(torch.randn(30, 16), [3, 4])
    assert weights.shape == (3, 8)  # two words and STOP; 30 frames by fours
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))


def test_a_translation_that_does_not_stop_is_cut() -> None:
    model = Direct(params(tied=False), TOKENIZER).eval()
    with torch.no_grad():
        model.network.output.bias[1] = -1e9  # STOP
    found = model.translations([torch.randn(30, 16)], GREEDY)[0][0]
    assert (found.is_cut, len(found.symbols)) == (True, 26)


def test_a_pyramid_is_layers_that_read_two_outputs_as_one() -> None:
    """Chan et al. (2016), equation 5, one step at a time."""
    torch.manual_seed(0)
    encoder = FrameEncoder(3, cell="lstm", hidden_size=4, num_layers=2, bidirectional=False, dropout=0.0).double()
    frames = torch.randn(1, 6, 3, dtype=torch.double)
    below = encoder.layers[0](frames, torch.tensor([6]))
    expected: list[torch.Tensor] = []
    read: list[torch.Tensor] = []
    for step in range(3):
        read.append(torch.cat([below[:, 2 * step], below[:, 2 * step + 1]], dim=-1))
        expected.append(encoder.layers[1](torch.stack(read, dim=1), torch.tensor([step + 1]))[:, -1])
    found, left, _ = encoder(frames, torch.tensor([6]))
    assert left.tolist() == [3]
    torch.testing.assert_close(found, torch.stack(expected, dim=1))


def test_the_recogniser_s_loss_is_the_sum_over_alignments() -> None:
    torch.manual_seed(0)
    encoder = FrameEncoder(3, cell="lstm", hidden_size=4, num_layers=1, bidirectional=True, dropout=0.0)
    recogniser = Recogniser(encoder, 5).double()
    frames = [torch.randn(length, 3, dtype=torch.double) for length in (3, 5)]
    log_probs, steps = recogniser(*collate_frames(frames))
    assert steps.tolist() == [3, 5]
    torch.testing.assert_close(log_probs[..., 1:3].exp().sum(), torch.tensor(0.0, dtype=torch.double))
    one = log_probs[0, :3].exp()  # of `3`: all runs of it, with blanks before and after
    spans = [(start, end) for start in range(3) for end in range(start + 1, 4)]
    total = sum(one[:start, 0].prod() * one[start:end, 3].prod() * one[end:, 0].prod() for start, end in spans)
    torch.testing.assert_close(recogniser.loss(batch_of(frames[:1], [[3]])), -torch.as_tensor(total).log())
    assert collate_targets([[3]]).tolist() == [[3, 1]]


def test_what_holds_no_speech_is_told(learned: Callable[[bool], Path], tmp_path: Path) -> None:
    predictor = Predictor(learned(False) / "model.safetensors")
    silence = predictor([as_text(Piece(0.0, np.zeros(8000, np.float32), 8000))])[0]
    assert silence["translation"] == ""
    assert "silent" in silence["warnings"][0]
    assert "(nothing)" in Predictor.shown(silence)
    (tmp_path / "note.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"note\.wav is no recording that can be read"):
        list(Predictor.inputs([str(tmp_path / "note.wav")]))
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
    with pytest.raises(ValueError, match="without samples"):
        list(Predictor.inputs([str(tmp_path / "empty.wav")]))
    with pytest.raises(ValueError, match=r"nowhere\.wav is no file: name a sound file"):
        list(Predictor.inputs(["nowhere.wav"]))
    with pytest.raises(ValueError, match="no sound file is named"):
        list(Predictor.inputs([]))
    soundfile.write(tmp_path / "long.wav", np.concatenate([tone("ab"), np.zeros(4000, np.int16)] * 25), 8000)
    asked = list(Predictor.inputs([str(tmp_path / "long.wav")]))
    assert len(asked) > 1
    assert all(len(predictor([text])[0]["pieces"]) == 1 for text in asked)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"speeds": []}, r"speeds is \[\]: at least one is needed"),
        ({"scheduled_sampling": 2.0}, "a share from 0 to 1"),
        ({"beam_size": 0}, "beam_size is 0"),
        ({"hop_ms": 0.0}, "hop_ms is 0"),
        ({"cell": "gpt"}, "unknown cell 'gpt'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        settings(EXAMPLE.run(**changes))
