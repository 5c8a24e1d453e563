"""An encoder and a decoder: a source of any kind in, a sequence of symbols of another length out.

The decoder reads the target itself, shifted by one step (teacher forcing). Where no step needs the output of the one
before it (no input feeding, no scheduled sampling), all target steps are one call of the fused kernels.

Shapes: B sequences, S source steps, T target steps with STOP, H decoder units, E encoder outputs, D embedding,
V symbols.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipelines.nn.cells import Cell, State, build_cell
from pipelines.nn.output_loss import output_loss
from pipelines.nn.recurrent import within
from pipelines.nn.words import LockedDropout
from pipelines.seq2seq.attention import Attention, Kind
from pipelines.seq2seq.encoders import FrameEncoder, SymbolEncoder
from pipelines.seq2seq.symbols import PAD, STOP


@dataclass(frozen=True)
class Batch:
    """source (B, S) symbols or (B, S, F) frames, lengths (B,); targets (B, T), ended by STOP, then PAD."""

    source: Tensor
    lengths: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


@dataclass(frozen=True)
class DecoderParams:
    """The decoder's shape."""

    cell: str = "lstm"
    hidden_size: int = 96  # of the decoder, and of the encoder per direction
    num_layers: int = 1
    embedding_size: int = 96
    attention: Kind = "multiplicative"
    # A step also reads the attentional state of the one before (Luong et al. 2015, section 3.3), and so waits for it:
    # training takes three times as long.
    input_feeding: bool = False
    tied: bool = True  # the output layer's weights are the embeddings (Press and Wolf 2017)
    dropout: float = 0.1


@dataclass(frozen=True)
class Encoded:
    """Encoded sources, as a decoder reads them; the same rows in all parts.

    states (B, S, E), keys (B, S, H) for attention, padding (B, S), True in it; code (B, E) is the fixed vector.
    """

    states: Tensor
    keys: Tensor
    padding: Tensor
    code: Tensor

    def rows(self, index: Tensor) -> "Encoded":
        return Encoded(*(part.index_select(0, index) for part in vars(self).values()))


class DecoderState(NamedTuple):
    """What the decoder carries from one step to the next: each layer's state, and the input that is fed (B, H or 0)."""

    layers: tuple[State, ...]
    feed: Tensor

    def rows(self, index: Tensor) -> "DecoderState":
        layers = [
            layer._replace(h=layer.h.index_select(0, index), memory=layer.memory.index_select(0, index))
            for layer in self.layers
        ]
        return DecoderState(tuple(layers), self.feed.index_select(0, index))


class Seq2Seq(nn.Module):
    """A recurrent encoder and a recurrent decoder with or without attention.

    Layer k starts at tanh(W_k c), where c is the code, the last output of each direction of the encoder (Bahdanau et
    al. 2015, appendix A.2.2). From the decoder's output s_t comes tanh(W [s_t; context]) and from that the logits
    (Luong et al. 2015, equations 5 and 6). With attention the context is the weighted source; without, every step
    reads and has as its context the code alone (Cho et al. 2014, equations 1 and 2).
    """

    def __init__(self, encoder: SymbolEncoder | FrameEncoder, params: DecoderParams, symbols: int) -> None:
        super().__init__()
        if params.num_layers < 1:
            raise ValueError(f"num_layers must be at least 1, found {params.num_layers}")
        if params.tied and params.embedding_size != params.hidden_size:
            raise ValueError(
                f"tied embeddings have the size of the output layer's input: embedding_size is "
                f"{params.embedding_size} and hidden_size {params.hidden_size}; make them equal, or set tied to false"
            )
        size, code = params.hidden_size, encoder.output_size
        self.params = params
        self.encoder = encoder
        self.embedding = nn.Embedding(symbols, params.embedding_size, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=params.embedding_size**-0.5)
        self.attention = Attention(params.attention, code, size) if params.attention != "none" else None
        extra = (0 if self.attention else code) + (size if params.input_feeding else 0)
        sizes = [params.embedding_size + extra, *[size] * (params.num_layers - 1)]
        self.cells = nn.ModuleList(build_cell(params.cell, inputs, size) for inputs in sizes)
        carried = 2 if self._cell(0).has_memory else 1
        self.bridge = nn.Linear(code, params.num_layers * carried * size)
        self.combine = nn.Linear(size + code, size, bias=False)
        self.dropout = LockedDropout(params.dropout)
        self.output = nn.Linear(size, symbols)
        if params.tied:
            self.output.weight = self.embedding.weight

    def encode(self, source: Tensor, lengths: Tensor) -> Encoded:
        """source (B, S) or (B, S, F), lengths (B,)."""
        states, left, code = self.encoder(source, lengths)
        keys = self.attention.keys(states) if self.attention is not None else states[..., :0]
        return Encoded(states, keys, ~within(left, states.shape[1]), code)

    def start(self, encoded: Encoded) -> DecoderState:
        """The state before the first step."""
        batch, size = len(encoded.code), self.params.hidden_size
        parts = list(torch.tanh(self.bridge(encoded.code)).chunk(self.bridge.out_features // size, dim=-1))
        layers = []
        for layer in range(len(self.cells)):
            state = self._cell(layer).initial_state(batch)
            memory = parts.pop() if self._cell(layer).has_memory else state.memory
            layers.append(state._replace(h=parts.pop(), memory=memory))
        feed = encoded.code.new_zeros(batch, size if self.params.input_feeding else 0)
        return DecoderState(tuple(layers), feed)

    def step(self, symbols: Tensor, state: DecoderState, encoded: Encoded) -> tuple[Tensor, DecoderState, Tensor]:
        """One step after `symbols` (B,): logits (B, V), the next state, and attention (B, S), zeros without any.

        `encoded` may have fewer rows than there are symbols: each then serves as many neighbouring ones.
        """
        masks = _Masks(self.dropout, self.params, len(symbols), encoded.code)
        answer, state, weights = self._step(self.embedding(symbols), state, encoded, masks)
        return self.output(answer), state, weights

    def forward(self, batch: Batch, sampling: float = 0.0) -> Tensor:
        """Logits (B, T, V) of targets (B, T), each from the symbols before it.

        With probability `sampling` a step instead reads the decoder's own most probable symbol (Bengio et al. 2015,
        Scheduled sampling, section 2.4).
        """
        logits: Tensor = self.output(self._decode(batch, sampling)[0])
        return logits

    def loss(self, batch: Batch, label_smoothing: float = 0.0, sampling: float = 0.0) -> Tensor:
        """The mean cross entropy of a target symbol, STOP included, in nats."""
        answers, _ = self._decode(batch, sampling)
        targets = batch.targets.flatten()
        return output_loss(answers.flatten(0, 1), self.output, targets, label_smoothing, ignored=PAD)

    def attend(self, batch: Batch) -> Tensor:
        """Attention (B, T, S) at each target step; zeros for a decoder without."""
        return self._decode(batch, 0.0)[1]

    def _decode(self, batch: Batch, sampling: float) -> tuple[Tensor, Tensor]:
        """Attentional states (B, T, H), which the output layer turns into logits, and attention (B, T, S)."""
        encoded = self.encode(batch.source, batch.lengths)
        if sampling or self.params.input_feeding:
            return self._stepwise(encoded, batch.targets, sampling)
        return self._at_once(encoded, batch.targets)

    def _at_once(self, encoded: Encoded, targets: Tensor) -> tuple[Tensor, Tensor]:
        """All steps in one call a layer."""
        batch, steps = targets.shape
        masks = _Masks(self.dropout, self.params, batch, encoded.code)
        hidden = masked(self.embedding(shifted(targets)), masks.inputs)  # (B, T, D)
        if self.attention is None:
            hidden = torch.cat([hidden, encoded.code[:, None].expand(-1, steps, -1)], dim=-1)
        for number, state in enumerate(self.start(encoded).layers):
            if number:
                hidden = masked(hidden, masks.between[number - 1])
            hidden, _ = self._cell(number)(hidden, state)
        return self._answer(hidden, encoded, masks)

    def _stepwise(self, encoded: Encoded, targets: Tensor, sampling: float = 0.0) -> tuple[Tensor, Tensor]:
        """The same step by step."""
        masks = _Masks(self.dropout, self.params, len(targets), encoded.code)
        state = self.start(encoded)
        answers: list[Tensor] = []
        weights: list[Tensor] = []
        for target in shifted(targets).unbind(1):
            symbols = target
            if sampling and answers:
                is_own = torch.rand(target.shape, device=target.device) < sampling
                symbols = torch.where(is_own, self.output(answers[-1].detach()).argmax(dim=-1), target)
            answer, state, attention = self._step(self.embedding(symbols), state, encoded, masks)
            answers.append(answer)
            weights.append(attention)
        return torch.stack(answers, dim=1), torch.stack(weights, dim=1)

    def _step(
        self, embedded: Tensor, state: DecoderState, encoded: Encoded, masks: "_Masks"
    ) -> tuple[Tensor, DecoderState, Tensor]:
        """Embedded symbols (B, D) -> attentional state (B, H), the next state, and attention (B, S)."""
        parts = [masked(embedded, masks.inputs)]
        if self.attention is None:
            parts.append(encoded.code.repeat_interleave(len(embedded) // len(encoded.code), dim=0))
        hidden = torch.cat([*parts, state.feed], dim=-1)
        layers = []
        for number, layer in enumerate(state.layers):
            if number:
                hidden = masked(hidden, masks.between[number - 1])
            layers.append(self._cell(number).step(hidden, layer))
            hidden = layers[-1].h
        # All rows of one source attend to it in one product, as if they were its steps.
        grouped = hidden.view(len(encoded.code), -1, hidden.shape[1])
        answer, weights = (part.flatten(0, 1) for part in self._answer(grouped, encoded, masks))
        feed = answer if self.params.input_feeding else state.feed
        return answer, DecoderState(tuple(layers), feed), weights

    def _answer(self, hidden: Tensor, encoded: Encoded, masks: "_Masks") -> tuple[Tensor, Tensor]:
        """The last layer's outputs (B, T, H) -> attentional states (B, T, H) and attention (B, T, S)."""
        if self.attention is None:
            weights = hidden.new_zeros(*hidden.shape[:2], encoded.padding.shape[1])
            context = encoded.code[:, None].expand(-1, hidden.shape[1], -1)
        else:
            weights = self.attention(hidden, encoded.keys, encoded.padding)
            context = weights @ encoded.states
        answer = masked(torch.tanh(self.combine(torch.cat([hidden, context], dim=-1))), masks.outputs)
        return answer, weights

    def _cell(self, layer: int) -> Cell:
        cell = self.cells[layer]
        assert isinstance(cell, Cell)
        return cell


class _Masks:
    """Dropout with one mask for all steps of a sequence: (B, D) of inputs, (B, H) between layers and of outputs.

    None where nothing is dropped.
    """

    def __init__(self, dropout: LockedDropout, params: DecoderParams, batch: int, like: Tensor) -> None:
        self.inputs, self.outputs = None, None
        self.between: list[Tensor | None] = [None] * (params.num_layers - 1)
        if dropout.training and dropout.p:
            sizes = [params.embedding_size, *[params.hidden_size] * params.num_layers]
            masks = [dropout(like.new_ones(batch, 1, size))[:, 0] for size in sizes]
            self.inputs, *self.between, self.outputs = masks


def masked(values: Tensor, mask: Tensor | None) -> Tensor:
    """Values (B, F) or (B, T, F), times the dropout mask (B, F) of their sequences, if there is one."""
    return values if mask is None else values * mask.view(len(values), *[-1] * (values.dim() - 2), mask.shape[1])


def shifted(targets: Tensor) -> Tensor:
    """The decoder's inputs for targets (B, T): STOP, then all but the last symbol."""
    return nn.functional.pad(targets[:, :-1], (1, 0), value=STOP)
