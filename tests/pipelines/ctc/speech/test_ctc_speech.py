"""Rows and recordings of a split, what is counted as a doubled character kept, the recogniser, and asking it."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from params import parse
from pipelines.ctc.loss import log_likelihood
from pipelines.ctc.speech.data import Alphabet, Batch, Encoder, Normalisation, batches_of_epoch
from pipelines.ctc.speech.evaluation import collate, compared, doubled_pairs, scores
from pipelines.ctc.speech.inference import load_recogniser, posteriors, save_recogniser
from pipelines.ctc.speech.model import Convolutions, Recogniser, RecogniserParams
from pipelines.ctc.speech.pictures import SIX_FRAMES, paths_of
from pipelines.ctc.speech.predict import Predictor
from pipelines.ctc.speech.train import settings, train
from pipelines.sound.audio import Piece, as_text
from pipelines.sound.recordings import Recordings, load_recordings
from tests.pipelines.examples import EXAMPLES, RecordingLog, spoken, tone

pytestmark = pytest.mark.usefixtures("one_thread")

EXAMPLE = EXAMPLES["ctc", "speech"]


def params(**changes: Any) -> RecogniserParams:
    return parse(RecogniserParams, {**EXAMPLE.model, **changes}, "model")


def test_a_split_may_be_several_tables(tmp_path: Path) -> None:
    whole = load_recordings(EXAMPLE.write(tmp_path / "one"), "val")
    assert set(whole.rows["part"]) == {"all"}
    for text, waveform in zip(whole.rows["text"], whole.waveforms, strict=True):
        assert np.array_equal(waveform.numpy() * 32768, tone(text))
    for name in ("a", "b"):
        for ending in ("parquet", "safetensors"):
            path = tmp_path / "one" / f"val.{ending}"
            (tmp_path / f"{name}-val.{ending}").write_bytes(path.read_bytes())
    both = load_recordings(tmp_path, "val")
    assert both.rows["part"].tolist() == ["a"] * len(whole.rows) + ["b"] * len(whole.rows)
    assert len(both.waveforms) == 2 * len(whole.waveforms)
    with pytest.raises(ValueError, match="has no table test nor any that ends in -test"):
        load_recordings(tmp_path, "test")


def test_an_alphabet_spells_and_names_what_it_lacks() -> None:
    alphabet = Alphabet.of(pd.Series(["aab", "ab c"]))
    assert alphabet.characters == ("a", "b", " ", "c")
    assert len(alphabet) == 5
    assert alphabet.decode(alphabet.encode("b a")) == "b a"
    with pytest.raises(ValueError, match="'abx' has the character 'x', which is in no training text"):
        alphabet.encode("abx")


@pytest.mark.parametrize(
    ("gold", "said", "expected"),
    [
        ("好棒棒", "好棒棒", (1, 0, 1)),
        ("好棒棒", "好棒", (0, 1, 1)),
        ("好棒棒", "好", (0, 0, 1)),
        ("three", "thre", (0, 1, 1)),
        ("three", "threee", (1, 0, 1)),
        ("777", "77", (1, 1, 2)),
        ("三三三", "三", (0, 1, 2)),  # one of the three is found, so one pair has it
        ("ab", "ab", (0, 0, 0)),
        ("book", "", (0, 0, 1)),
    ],
)
def test_doubled_characters_kept_and_merged(gold: str, said: str, expected: tuple[int, int, int]) -> None:
    assert doubled_pairs([gold], [said]) == expected


def test_scores_count_what_they_say() -> None:
    rows = spoken(["aa b", "ab", "bb"]).assign(part="all", new_words=[False, True, False])
    found = scores(rows, ["aa b", "ab", "b"])
    assert found["cer"] == pytest.approx(100 / 8)  # one character of 8 is missing
    assert found["wer"] == pytest.approx(100 / 4)
    assert (found["doubled_kept"], found["doubled_merged"], found["doubled_right"]) == (50.0, 50.0, 50.0)
    assert found["new_words_right"] == 100.0
    parts = scores(rows.assign(part=["x", "x", "y"]), ["aa b", "ab", "b"])
    assert (parts["x_cer"], parts["y_cer"], parts["y_right"]) == (0.0, 50.0, 0.0)


def test_decoders_read_the_same_network() -> None:
    """A network that says `a a` with a blank between: trimming merges it, the others do not."""
    alphabet = Alphabet(("a", "b", " "))
    rows = spoken(["aa"]).assign(part="all")
    log_probs = torch.full((5, 4), 0.02)
    for t, label in enumerate((1, 1, 0, 1, 0)):
        log_probs[t, label] = 0.94
    found = compared(rows, ["aa", "ab", "aa b"], [log_probs.log()], alphabet, params())
    assert found["doubled_kept"].to_dict() == {
        "trimming": 0.0,
        "greedy": 100.0,
        "beam": 100.0,
        "beam, 4-gram": 100.0,
        "beam, lexicon": 100.0,
    }
    assert found.loc["trimming", "doubled_merged"] == 100.0


def fitted_encoder(train: Recordings, normalisation: Normalisation) -> Encoder:
    encoder = Encoder(Alphabet.of(train.rows["text"]), params(), normalisation)
    encoder.fit(encoder.raw(train.waveforms))
    return encoder


def test_a_level_is_one_number_of_a_recording_and_the_rest_is_as_in_training(tmp_path: Path) -> None:
    train = load_recordings(EXAMPLE.write(tmp_path / "tables"), "train")
    encoder = fitted_encoder(train, "level")
    together = torch.cat(encoder.features(train.waveforms))
    torch.testing.assert_close(together.mean(dim=0), torch.zeros(together.shape[1]), rtol=0, atol=1e-4)
    torch.testing.assert_close(together.std(dim=0), torch.ones(together.shape[1]), rtol=0, atol=1e-3)
    noise = 0.1 * torch.randn(4000, generator=torch.Generator().manual_seed(0))  # a tone has silence between harmonics
    quiet, loud = encoder.features([noise, 4 * noise])
    torch.testing.assert_close(quiet, loud, rtol=0, atol=1e-4)
    quiet, loud = fitted_encoder(train, "training").features([noise, 4 * noise])
    assert (loud > quiet + 0.1).all()


def test_batches_hold_every_recording_once_at_one_of_the_speeds() -> None:
    encoder = Encoder(Alphabet(("a", "b", "c", " ")), params(), "recording")
    texts = ["aa", "ab", "b ca"]
    waveforms = [torch.tensor(tone(text) / 32768, dtype=torch.float32) for text in texts]
    features = [encoder.normalise(encoder.raw(waveforms, speed)) for speed in (1.0, 0.8)]
    assert all(len(slow) > len(usual) for usual, slow in zip(*features, strict=True))
    targets = [encoder.alphabet.encode(text) for text in texts]
    found = batches_of_epoch(encoder, features, targets, 2, np.random.default_rng(0))
    assert sorted(
        tuple(row[:n].tolist()) for b in found for row, n in zip(b.targets, b.target_lengths, strict=True)
    ) == (sorted(map(tuple, targets)))


@pytest.mark.parametrize("convolutions", [0, 1, 3])
def test_padding_changes_no_answer_and_a_network_without_blank_never_outputs_it(convolutions: int) -> None:
    torch.manual_seed(0)
    model = Recogniser(params(blank=False, frames_per_step=3, convolutions=convolutions), 5).eval()
    features = torch.randn(2, 20, 16)
    lengths = torch.tensor([20, 10])
    nothing = torch.zeros(2, 1, dtype=torch.long), torch.zeros(2, dtype=torch.long)
    log_probs, steps = model(Batch(features, lengths, *nothing))
    assert steps.tolist() == [7, 4]
    assert log_probs[..., 0].exp().max() == 0
    alone, _ = model(Batch(features[1:, :10], lengths[1:], nothing[0][1:], nothing[1][1:]))
    torch.testing.assert_close(log_probs[1, :4], alone[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("layers", "reach"), [(1, 2), (3, 6)])
def test_convolutions_leave_a_step_of_every_few_frames_and_see_their_neighbours(layers: int, reach: int) -> None:
    torch.manual_seed(0)
    read = Convolutions(3, 8, layers, frames_per_step=2)
    features = torch.randn(1, 20, 3, requires_grad=True)
    found = read(features, torch.tensor([20]))
    assert found.shape == (1, 10, 8)
    for step in (0, 4, 9):
        (gradient,) = torch.autograd.grad(found[0, step].sum(), features, retain_graph=True)
        heard = set(range(2 * step - reach, 2 * step + 2 + reach)) & set(range(20))
        assert set(gradient[0].abs().sum(dim=1).nonzero().flatten().tolist()) == heard


def test_label_smoothing_adds_the_cross_entropy_with_a_uniform_distribution() -> None:
    torch.manual_seed(0)
    model = Recogniser(params(dropout=0.0), 5).eval()
    batch = Batch(torch.randn(1, 12, 16), torch.tensor([12]), torch.tensor([[1, 2]]), torch.tensor([2]))
    log_probs, _ = model(batch)
    expected = 0.8 * model.loss(batch) + 0.2 * -log_probs[0].mean(dim=1).sum()
    torch.testing.assert_close(model.loss(batch, 0.2), expected)


def test_calibration_finds_the_sharpness_that_makes_the_texts_most_probable() -> None:
    """Steps that are right three times in four, in distributions that say so, or twice or half as sharp."""
    generator = torch.Generator().manual_seed(0)
    alone = torch.tensor([1, 2]).repeat(20, 1)
    heard = torch.where(torch.rand(20, 2, generator=generator) < 0.75, alone, 3 - alone)
    honest = [(3.0 * torch.nn.functional.one_hot(row, 3).float()).log_softmax(dim=-1) for row in heard]
    found = []
    for factor in (1.0, 2.0, 0.5):
        model = Recogniser(params(), 3)
        model.calibrate([(factor * row).log_softmax(dim=-1) for row in honest], alone.tolist())
        found.append(factor * model.sharpness.item())
    assert found == pytest.approx([found[0]] * 3, rel=1e-3)

    def loss(sharpness: float) -> float:
        twos = torch.full((20,), 2)
        sharpened = (sharpness * torch.stack(honest)).double().log_softmax(dim=-1)
        return -float(log_likelihood(sharpened, twos, alone, twos).sum())

    assert loss(found[0]) < min(loss(found[0] - 0.02), loss(found[0] + 0.02))


def test_a_trained_recogniser_is_calibrated_on_val(tmp_path: Path) -> None:
    """What is on disk makes the texts of val more probable than a sharpness near its own, whatever smoothing did."""
    tables = EXAMPLE.write(tmp_path / "tables")
    run = EXAMPLE.run()
    train(replace(run, training={**run.training, "label_smoothing": 0.3}), tables, tmp_path, RecordingLog())
    model, encoder = load_recogniser(tmp_path / "model.safetensors")
    assert model.sharpness != 1
    val = load_recordings(tables, "val")
    rows, steps = collate(posteriors(model, encoder, encoder.features(val.waveforms)))
    targets = [encoder.alphabet.encode(text) for text in val.rows["text"]]
    lengths = torch.tensor([len(target) for target in targets])
    padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(target) for target in targets], batch_first=True)
    by = {
        factor: float(log_likelihood((factor * rows).double().log_softmax(dim=-1), steps, padded, lengths).sum())
        for factor in (0.9, 1.0, 1.1)
    }
    assert max(by, key=by.__getitem__) == 1.0


def test_a_text_too_long_for_its_recording_says_nothing_about_sharpness() -> None:
    row = torch.tensor([[0.0, 2.0, 1.0], [1.0, 0.0, 2.0]]).log_softmax(dim=-1)
    one, two = Recogniser(params(), 3), Recogniser(params(), 3)
    one.calibrate([row], [[1, 2]])
    two.calibrate([row, row], [[1, 2], [1, 1, 1]])
    assert one.sharpness == two.sharpness


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"frames_per_step": 0}, "frames_per_step is 0: at least 1 is needed"),
        ({"convolutions": -1}, "convolutions is -1: at least 0 is needed"),
        ({"channels": 0}, "channels is 0: at least 1 is needed"),
        ({"normalisation": "level", "features": "mfcc"}, "level, which log-mel features have: features is mfcc"),
        ({"beam_size": 0}, "beam_size is 0: at least 1 is needed"),
        ({"lm_order": 0}, "lm_order is 0: at least 1 is needed"),
        ({"lm_weight": -0.1}, "lm_weight is -0.1: 0 or more is needed"),
        ({"speeds": []}, r"speeds is \[\]: at least one is needed"),
        ({"speeds": [0.1]}, r"speeds is \[0\.1\]: at least one is needed, each from 0\.5 to 2"),
        ({"cell": "gpt"}, "unknown cell 'gpt'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        settings(EXAMPLE.run(**changes))


def test_what_cannot_be_trained_is_told_before_training(tmp_path: Path) -> None:
    tables = EXAMPLE.write(tmp_path / "tables")
    with pytest.raises(ValueError, match="held_out_speaker is 'three': the speakers are one, two"):
        train(EXAMPLE.run(held_out_speaker="three"), tables, tmp_path, RecordingLog())
    with pytest.raises(ValueError, match=r"row \d+ of train has 1 steps, too few for its target of 2 labels"):
        train(EXAMPLE.run(frames_per_step=30), tables, tmp_path, RecordingLog())


def test_all_alignments_of_two_characters_with_six_frames() -> None:
    found = paths_of((1, 2), SIX_FRAMES)
    assert len(found) == 70  # C(T + L, 2 L) = C(8, 4)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert next(iter(found)) == (1, 1, 0, 0, 2, 0)


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    torch.manual_seed(1)
    encoder = Encoder(Alphabet(("a", "b", "c", " ")), params(), "recording")
    model = Recogniser(params(), 5)
    torch.nn.init.normal_(model.output.weight, std=3.0)  # says something, if nothing sensible
    save_recogniser(tmp_path / "model.safetensors", model, encoder)
    return Predictor(tmp_path / "model.safetensors")


def test_an_answer_says_what_when_and_how_sure(predictor: Predictor) -> None:
    sound = (tone("ab c") / 32768).astype(np.float32)
    early, late = (predictor([as_text(Piece(start, sound, 8000, "clip.wav"))])[0] for start in (0.0, 60.0))
    assert "".join(character["character"] for character in early["characters"]) == early["text"] != ""
    assert 0 <= early["confidence"] <= 1
    times = [(character["start"], character["end"]) for character in early["characters"]]
    assert all(start < end for start, end in times)
    assert all(one[1] <= two[0] for one, two in pairwise(times))
    assert times[-1][1] <= early["end"] + 0.02
    assert late["text"] == early["text"]
    assert late["characters"][0]["start"] == pytest.approx(60 + times[0][0])
    assert Predictor.shown(early).startswith(f"clip.wav 0.00-{early['end']:.2f} s: {early['text']}")


def test_silence_is_answered_by_nothing(predictor: Predictor) -> None:
    answer = predictor([as_text(Piece(0.0, np.zeros(8000, np.float32), 8000))])[0]
    assert (answer["text"], answer["characters"]) == ("", [])
    assert "silent" in answer["warnings"][0]
    assert "(nothing)" in Predictor.shown(answer)


def test_files_are_asked_piece_by_piece(predictor: Predictor, tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.concatenate([tone("ab c"), np.zeros(4000, np.int16)] * 20), 8000)
    asked = list(Predictor.inputs([str(path)]))
    assert len(asked) > 1
    answers = predictor(asked)
    whole = predictor([as_text(Piece(0.0, soundfile.read(path, dtype="float32")[0], 8000))])[0]
    assert whole["characters"] == [character for answer in answers for character in answer["characters"]]
    assert whole["end"] == answers[-1]["end"]
    assert 0.4 < soundfile.info(path).duration - whole["end"] < 0.6, "without the silence at the end"
    with pytest.raises(ValueError, match=r"nowhere\.wav is no file: name a sound file"):
        list(Predictor.inputs(["nowhere.wav"]))
    with pytest.raises(ValueError, match="no sound file is named"):
        list(Predictor.inputs([]))
