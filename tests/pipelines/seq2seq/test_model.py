"""The encoder-decoder: attention against the papers' formulas, and all steps at once against step by step."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pipelines.seq2seq.attention import Attention, Kind
from pipelines.seq2seq.encoders import FrameEncoder, join_steps
from pipelines.seq2seq.model import Batch, shifted
from pipelines.seq2seq.symbols import PAD, STOP, UNKNOWN, Symbols, collate_sources, collate_targets
from tests.pipelines.seq2seq.models import SYMBOLS, batch_of, tiny

pytestmark = pytest.mark.usefixtures("one_thread")
EXACT = 1e-12  # absolute, in float64
KINDS: tuple[Kind, ...] = ("none", "additive", "multiplicative")
SOURCES = [[3, 4, 5], [4], [5, 3, 3, 4, 6]]
TARGETS = [[3, 3], [4, 5, 6, 3], []]


def close(one: Tensor, two: Tensor) -> None:
    torch.testing.assert_close(one, two, atol=EXACT, rtol=0)


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
def test_attention_is_that_of_the_papers(kind: Kind) -> None:
    torch.manual_seed(0)
    attention = Attention(kind, states_size=4, hidden_size=3).double()
    states, hidden = torch.randn(2, 5, 4, dtype=torch.double), torch.randn(2, 6, 3, dtype=torch.double)
    padding = torch.tensor([[False] * 5, [False, False, True, True, True]])
    found = attention(hidden, attention.keys(states), padding)
    for row, step in itertools.product(range(2), range(6)):
        places = [place for place in range(5) if not padding[row, place]]
        scores = []
        for place in places:
            key, query = attention.keys.weight @ states[row, place], hidden[row, step]
            if kind == "multiplicative":
                scores.append(query @ key)
            else:
                inner = key + attention.query.weight @ query + attention.query.bias
                scores.append(attention.vector @ torch.tanh(inner))
        expected = torch.zeros(5, dtype=torch.double)
        expected[places] = torch.stack(scores).softmax(dim=0)
        close(found[row, step], expected)


def test_attention_to_a_source_without_steps_is_finite() -> None:
    attention = Attention("multiplicative", 2, 2)
    states = torch.zeros(1, 3, 2)
    found = attention(torch.randn(1, 1, 2), attention.keys(states), torch.ones(1, 3, dtype=torch.bool))
    assert found.isfinite().all()


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru", "clockwork", "scrn"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_steps_at_once_are_step_by_step(cell: str, kind: Kind) -> None:
    model = tiny(kind, cell=cell, num_layers=2)
    batch = batch_of(SOURCES, TARGETS)
    encoded = model.encode(batch.source, batch.lengths)
    state = model.start(encoded)
    logits, weights = [], []
    for symbols in shifted(batch.targets).unbind(1):
        found, state, attended = model.step(symbols, state, encoded)
        logits.append(found)
        weights.append(attended)
    close(model(batch), torch.stack(logits, dim=1))
    close(model.attend(batch), torch.stack(weights, dim=1))


@pytest.mark.parametrize("kind", KINDS)
def test_the_fed_in_state_is_that_of_the_step_before(kind: Kind) -> None:
    """Luong et al. (2015), section 3.3, written out for one sentence."""
    model = tiny(kind, input_feeding=True)
    batch = batch_of(SOURCES[:1], TARGETS[1:2])
    encoded = model.encode(batch.source, batch.lengths)
    cell = model._cell(0)
    state, fed = model.start(encoded).layers[0], torch.zeros(1, 10, dtype=torch.double)
    expected = []
    for symbols in shifted(batch.targets).unbind(1):
        inputs = [model.embedding(symbols), *([encoded.code] if kind == "none" else []), fed]
        state = cell.step(torch.cat(inputs, dim=-1), state)
        context = encoded.code
        if model.attention is not None:
            weights = model.attention(state.h[:, None], encoded.keys, encoded.padding)[:, 0]
            context = (weights[..., None] * encoded.states).sum(dim=1)
        fed = torch.tanh(model.combine(torch.cat([state.h, context], dim=-1)))
        expected.append(model.output(fed))
    close(model(batch), torch.stack(expected, dim=1))


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(*[st.lists(st.integers(3, SYMBOLS - 1), min_size=low, max_size=5) for low in (1, 0)]), min_size=1
    ),
    st.sampled_from(KINDS),
    st.booleans(),
)
def test_padding_changes_nothing(pairs: list[tuple[list[int], list[int]]], kind: Kind, feeding: bool) -> None:
    model = tiny(kind, input_feeding=feeding)
    together = model(batch_of([source for source, _ in pairs], [target for _, target in pairs]))
    for row, (source, target) in enumerate(pairs):
        close(together[row, : len(target) + 1], model(batch_of([source], [target]))[0])


@pytest.mark.parametrize("kind", KINDS)
def test_sampling_never_is_teacher_forcing_and_sampling_always_reads_its_own(kind: Kind) -> None:
    model = tiny(kind)
    batch = batch_of(SOURCES, TARGETS)
    answers, _ = model._stepwise(model.encode(batch.source, batch.lengths), batch.targets, 0.0)
    close(model.output(answers), model(batch, 0.0))
    own = model(batch, sampling=1.0)
    other = Batch(batch.source, batch.lengths, torch.full_like(batch.targets, 3))
    close(own, model(other, sampling=1.0))
    read = torch.cat([own.argmax(dim=-1)[:, :-1], torch.full((3, 1), STOP)], dim=1)
    close(own, model(Batch(batch.source, batch.lengths, read)))


def test_the_loss_is_the_mean_over_symbols_and_their_stops() -> None:
    model = tiny("additive")
    batch = batch_of(SOURCES, TARGETS)
    log_probs = model(batch).log_softmax(dim=-1)
    expected = [
        -log_probs[row, step, symbol]
        for row, target in enumerate(TARGETS)
        for step, symbol in enumerate([*target, STOP])
    ]
    close(model.loss(batch), torch.stack(expected).mean())
    smooth = [
        0.9 * one - 0.1 * log_probs[row, step].mean()
        for one, (row, step) in zip(
            expected,
            [(row, step) for row, target in enumerate(TARGETS) for step in range(len(target) + 1)],
            strict=True,
        )
    ]
    close(model.loss(batch, label_smoothing=0.1), torch.stack(smooth).mean())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("feeding", [False, True])
def test_gradients_are_those_of_finite_differences(kind: Kind, feeding: bool) -> None:
    model = tiny(kind, input_feeding=feeding)
    batch = batch_of([[3, 4]], [[5]])
    names = [name for name, _ in model.named_parameters()]

    def loss(*values: Tensor) -> Tensor:
        parameters = dict(zip(names, values, strict=True))
        logits = torch.func.functional_call(model, parameters, (batch,))
        return nn.functional.cross_entropy(logits[0], batch.targets[0])

    values = tuple(parameter.detach().clone().requires_grad_() for parameter in model.parameters())
    assert torch.autograd.gradcheck(loss, values, fast_mode=True)


def test_tied_weights_are_one_tensor_and_must_fit() -> None:
    model = tiny("additive", tied=True)
    assert model.output.weight is model.embedding.weight
    with pytest.raises(ValueError, match="embedding_size is 4 and hidden_size 10"):
        tiny("additive", tied=True, embedding_size=4)


def test_a_pyramid_reads_neighbours_as_one_step() -> None:
    frames = torch.tensor([[[1.0, 2], [3, 4], [5, 6]], [[7, 8], [9, 9], [9, 9]]])
    found, left = join_steps(frames, torch.tensor([3, 1]), 2)
    assert found.tolist() == [[[1, 2, 3, 4], [5, 6, 0, 0]], [[7, 8, 0, 0], [0, 0, 0, 0]]]
    assert left.tolist() == [2, 1]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_pyramid_halves_the_steps_and_ignores_padding(bidirectional: bool) -> None:
    torch.manual_seed(0)
    encoder = FrameEncoder(
        3, cell="lstm", hidden_size=4, num_layers=3, bidirectional=bidirectional, dropout=0.0, frames_per_step=2
    ).double()
    frames = torch.randn(1, 13, 3, dtype=torch.double)
    alone = encoder(frames, torch.tensor([13]))
    assert alone[0].shape == (1, 2, 8 if bidirectional else 4)  # 13 -> 7 -> 4 -> 2
    assert alone[1].tolist() == [2]
    wide = torch.cat([frames, torch.full((1, 6, 3), 9.0, dtype=torch.double)], dim=1)
    other = torch.full((1, 19, 3), 0.5, dtype=torch.double)
    states, left, code = encoder(torch.cat([wide, other]), torch.tensor([13, 19]))
    assert left.tolist() == [2, 3]
    close(states[:1, :2], alone[0])
    close(code[:1], alone[2])
    assert not states[0, 2:].any()


def test_symbols_are_numbered_by_frequency_and_the_rest_is_unknown() -> None:
    symbols = Symbols.of(["abb", "b", "c"], min_count=1)
    assert symbols.names == ("<pad>", "<stop>", "<unk>", "b", "a", "c")
    assert symbols.encode("bax") == [3, 4, UNKNOWN]
    assert symbols.decode([3, 5]) == ["b", "c"]
    assert Symbols.of(["abb", "b", "c"], min_count=2).names[3:] == ("b",)


def test_a_batch_of_symbols_is_stopped_and_padded() -> None:
    assert collate_targets([[5], [6, 7]]).tolist() == [[5, STOP, PAD], [6, 7, STOP]]
    source, lengths = collate_sources([[], [5]])
    assert (source.tolist(), lengths.tolist()) == ([[PAD], [5]], [0, 1])
