"""Sequences as they are stored and as they are typed, errors by hand, and sums over six steps that a network learns."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from pipelines.rnn.long_memory.model import LongMemoryParams
from pipelines.rnn.long_memory.predict import Predictor
from pipelines.rnn.long_memory.train import constant_error, train
from pipelines.rnn.reader import ReaderParams, SequenceReader, sequence_error, sequence_loss
from pipelines.rnn.sequences import Batch, Problem, Sequences, load_sequences
from tests.pipelines.examples import EXAMPLES, RecordingLog

pytestmark = pytest.mark.usefixtures("one_thread")

ADDING = Problem("adding-4", "adding", (), 4)
ORDER = Problem("order", "order", ("XX", "XY"), 4, symbols=tuple("EBXYab"))
PIXELS = Problem("image", "pixels", ("0", "1"), 4, highest=16, order=(2, 0, 3, 1))


def write_adding(folder: Path, rows: int, steps: int) -> Path:
    """The adding problem as the data set long-memory has it; validation set nothing aside."""
    rng = np.random.default_rng(0)
    values = rng.random((rows, steps), dtype=np.float32)
    first, second = rng.integers(0, steps // 2, rows), rng.integers(steps // 2, steps, rows)
    every = np.arange(rows)
    split = np.where(every < rows - 60, "train", np.where(every < rows - 30, "val", "test"))
    table = {"id": every, "split": split, "target": values[every, first] + values[every, second], "length": steps}
    folder.mkdir(parents=True)
    pd.DataFrame({**table, "first": first, "second": second}).to_parquet(folder / "adding-10.parquet")
    save_file({"values": values, "codes": np.zeros((rows, 0), np.uint8)}, folder / "adding-10.safetensors")
    tasks = {"adding-10": {"kind": "adding", "length": steps, "classes": []}}
    (folder / "card.json").write_text(json.dumps({"facts": {"tasks": tasks}}))
    return folder


def test_features_of_a_step_by_hand() -> None:
    steps = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    marked = ADDING.inputs(steps, torch.tensor([[0, 3]]))
    assert marked[0].tolist() == [pytest.approx(pair) for pair in ([0.1, 1], [0.2, 0], [0.3, 0], [0.4, 1])]
    coded = ORDER.inputs(torch.tensor([[0, 2, 5, 6]]), torch.zeros(1, 0))  # 6 pads
    assert coded[0].tolist() == [[1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1], [0] * 6]
    pixels = PIXELS.inputs(torch.tensor([[0, 4, 8, 16]], dtype=torch.uint8), torch.zeros(1, 0))
    assert pixels[0, :, 0].tolist() == [0.5, 0, 1, 0.25]


@given(st.lists(st.floats(0, 0.875, width=32), min_size=2, max_size=30), st.data())
def test_a_typed_sequence_is_what_was_stored(values: list[float], data: st.DataObject) -> None:
    marks = sorted(data.draw(st.lists(st.integers(0, len(values) - 1), min_size=2, max_size=2, unique=True)))
    text = " ".join(f"{value!r}{'*' * (place in marks)}" for place, value in enumerate(values))
    (batch,) = Problem("adding", "adding", (), len(values)).typed([text])
    assert torch.equal(batch.inputs, ADDING.inputs(torch.tensor([values]), torch.tensor([marks])))
    assert batch.lengths.tolist() == [len(values)]


@pytest.mark.parametrize(
    ("problem", "text", "message"),
    [
        (ADDING, "", "text 1 of 1 holds no words"),
        (ADDING, "0.1 0.2* 0.3", "text 1 marks 1 numbers by \\*: the adding problem has two"),
        (ADDING, "0.1* zwei 0.3*", "a step of text 1 is 'zwei': expected a number"),
        (ADDING, "0.1* nan 0.3*", "a step of text 1 is nan: expected a finite number"),
        (ADDING, "0.1* 十 0.3*", "a step of text 1 is '十': expected a number"),
        (ADDING, "0.1* \x00 0.3*", "expected a number"),
        (ORDER, "E X ? B", "text 1 has the symbol '\\?': known are E B X Y a b"),
        (PIXELS, "1 2 3", "text 1 has 3 steps: expected 4 pixels"),
        (PIXELS, "1 2 3 17", "text 1 has a pixel outside of 0 to 16"),
    ],
)
def test_what_is_no_sequence_is_told(problem: Problem, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        problem.typed([text])


def test_a_very_long_typed_sequence_is_read_to_its_end() -> None:
    torch.manual_seed(0)
    model = SequenceReader(ReaderParams("elman", 4), ADDING).eval()
    (batch,) = ADDING.typed(["0.5* " + "0.1 " * 99_998 + "0.7*"])
    assert batch.lengths.tolist() == [100_000]
    (other,) = ADDING.typed(["0.5* " + "0.1 " * 99_998 + "0.2*"])
    with torch.no_grad():
        assert not torch.equal(model(batch), model(other)), "the last step counts"


def test_losses_and_errors_by_hand() -> None:
    none = torch.zeros(2, 1, 1)
    lengths = torch.tensor([1, 1])
    sums = Batch(none, lengths, torch.tensor([1.0, 0.5]))
    outputs = torch.tensor([[0.0], [1.0]])
    assert sequence_loss(outputs, sums).item() == sequence_error(outputs, sums.targets) == (1 + 0.25) / 2
    classes = Batch(none, lengths, torch.tensor([0, 1]))
    logits = torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    expected = (np.log(2) + np.log(1 + np.exp(3))) / 2
    assert sequence_loss(logits, classes).item() == pytest.approx(expected)
    assert sequence_error(logits, classes.targets) == 0.5


def test_numbers_are_redrawn_under_the_same_marks(tmp_path: Path) -> None:
    tables = write_adding(tmp_path / "tables", 200, 10)
    split = load_sequences(tables, Problem.read(tables, "adding-10"))["train"]
    assert (split.steps.gather(1, split.marks).sum(dim=1) - split.targets).abs().max() < 1e-6
    new = split.redrawn(np.random.default_rng(1))
    assert torch.equal(new.marks, split.marks)
    assert not torch.equal(new.steps, split.steps)
    assert torch.equal(new.steps.gather(1, new.marks).sum(dim=1), new.targets)
    assert 0 <= new.steps.min() <= new.steps.max() < 1


@given(rows=st.integers(1, 20), length=st.integers(2, 30), count=st.integers(2, 30), seed=st.integers(0, 2**32))
def test_thinned_sequences_keep_their_sums_and_order(rows: int, length: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, length + 1, rows)
    marks = np.stack([rng.choice(steps, 2, replace=False) for steps in lengths])
    steps = torch.from_numpy(rng.random((rows, length)))
    targets = steps.gather(1, torch.from_numpy(marks)).sum(dim=1)
    split = Sequences(ADDING, steps, torch.from_numpy(marks), torch.from_numpy(lengths), targets)
    thin = split.thinned(count, rng)
    assert thin.lengths.tolist() == [min(count, steps) for steps in lengths]
    assert torch.equal(thin.steps.gather(1, thin.marks).sum(dim=1), targets)
    for row, kept in enumerate(thin.lengths.tolist()):
        left = thin.steps[row, :kept].tolist()
        stored = steps[row, : lengths[row]].tolist()
        assert left == [value for value in stored if value in left]
        assert (thin.marks[row] < kept).all()


def test_sequences_grow_by_the_same_factor_and_then_have_their_length() -> None:
    params = LongMemoryParams("adding-1000", False, 0, True, "irnn", 10, 1, grow=0.5)
    assert [params.steps(progress, 1000) for progress in (0, 0.25, 0.5, 1)] == [20, 141, 1000, 1000]
    assert params.steps(0.0, 15) == 15
    with pytest.raises(ValueError, match=r"grow is 1\.5: expected a share"):
        LongMemoryParams("adding-1000", False, 0, True, "irnn", 10, 1, grow=1.5)


def test_an_unknown_problem_lists_the_known(tmp_path: Path) -> None:
    tables = write_adding(tmp_path / "tables", 200, 10)
    with pytest.raises(ValueError, match=r"no problem 'adding-9' in .*: choose from adding-10"):
        Problem.read(tables, "adding-9")
    with pytest.raises(ValueError, match="permuted is for pixels"):
        Problem.read(tables, "adding-10", permuted=True)


def test_six_steps_are_remembered_and_a_constant_has_the_variance(tmp_path: Path) -> None:
    tables = write_adding(tmp_path / "tables", 860, 6)
    settings: dict[str, Any] = {
        "problem": "adding-10",
        "permuted": False,
        "redraw": True,
        "train_rows": 0,
        "hidden_size": 16,
    }
    figures = {}
    for cell in ("gru", "none"):
        run = EXAMPLES["rnn", "long_memory"].run(
            **settings, cell=cell, epochs=9, batch_size=20, learning_rate=0.02, ema_decay=0.9, clip_norm=1.0
        )
        (tmp_path / cell).mkdir()
        figures[cell] = train(run, tables, tmp_path / cell, RecordingLog())
    assert figures["gru"]["test_error"] < 0.04
    assert figures["none"]["test_error"] == pytest.approx(figures["none"]["baseline_error"], rel=0.1)
    splits = load_sequences(tables, Problem.read(tables, "adding-10"))
    assert figures["none"]["baseline_error"] == constant_error(splits["train"], splits["test"])
    assert figures["none"]["baseline_error"] == pytest.approx(1 / 6, rel=0.5)

    predictor = Predictor(tmp_path / "gru" / "model.safetensors")
    (answer,) = predictor(["0.1 0.9* 0.5 0.3 0.8* 0.2"])
    assert answer["answer"] == pytest.approx(1.7, abs=0.4)
    assert Predictor.shown(answer).endswith("after 6 steps")
