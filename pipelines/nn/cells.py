"""The recurrent cells, each in two forms that are exactly equal.

`step` is the definition: one time step, as the paper writes it. `sequence` is the same function over a whole
sequence, rearranged to be fast: gated cells, and on a GPU all, by torch's fused kernels (oneDNN, cuDNN), the others on
a CPU by `bptt`. A sequence may be cut anywhere and continued from the state. A new cell needs only `step` and an entry
in `CELLS`.

Shapes: B batch, T time steps, I input_size, H hidden_size, M memory (H for the LSTMs, 0 for the others),
G units per Clockwork module, S units of all slower modules, C context units of SCRN, K = H - C its other units.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from pipelines.nn.bptt import ACTIVATIONS, Activation, Module, recurrence


class State(NamedTuple):
    """The state that a cell carries from one step to the next."""

    h: Tensor  # (B, H) the output
    memory: Tensor  # (B, M) the part that is not output
    time: int = 0  # steps so far, which only Clockwork uses


class Cell(nn.Module, ABC):
    """A recurrent cell: `state = cell.step(input, state)`, and `outputs, state = cell(inputs)` for a sequence."""

    has_memory: ClassVar[bool] = False

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size

    def initial_state(self, batch_size: int) -> State:
        like = next(self.parameters())
        memory_size = self.hidden_size if self.has_memory else 0
        return State(like.new_zeros(batch_size, self.hidden_size), like.new_zeros(batch_size, memory_size))

    @abstractmethod
    def step(self, inputs: Tensor, state: State) -> State:
        """One time step: inputs (B, I)."""

    def sequence(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """All time steps at once: inputs (B, T, I) -> outputs (B, T, H) and the state after the last.

        A cell that has no faster form than its steps leaves this out.
        """
        return self.unroll(inputs, state)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The sequence form, from the given state or from zeros."""
        return self.sequence(inputs, self.initial_state(inputs.shape[0]) if state is None else state)

    def unroll(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """`forward` computed step by step: slow, and the reference for every sequence form."""
        state = self.initial_state(inputs.shape[0]) if state is None else state
        outputs = []
        for x in inputs.unbind(1):  # inputs[:, t] would cost a full-size zero gradient per step
            state = self.step(x, state)
            outputs.append(state.h)
        return torch.stack(outputs, dim=1), state


def run_fused(
    kernel: Callable[..., Any], inputs: Tensor, hidden: Sequence[Tensor], weights: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """One layer of a torch kernel: outputs (B, T, H), then the last value of each hidden (B, H) given.

    `weights` are weight_ih, weight_hh, bias_ih, bias_hh.
    """
    if inputs.is_cuda:  # cuDNN needs its weights in one tensor, and warns at every call where they are not
        piece = torch.cat([weight.flatten() for weight in weights])
        parts = torch.split(piece, [weight.numel() for weight in weights])
        weights = [part.view(weight.shape) for part, weight in zip(parts, weights, strict=True)]
    hx = [h.unsqueeze(0).contiguous() for h in hidden]
    outputs, *last = kernel(
        inputs,
        hx if kernel is torch.lstm else hx[0],
        weights,
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=torch.is_grad_enabled(),  # otherwise cuDNN does not save what its backward pass needs
        bidirectional=False,
        batch_first=True,
    )
    return outputs, *(h.squeeze(0) for h in last)


def run_gateless(
    inputs: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, *, activation: Activation
) -> Tensor:
    """h_t = f(W x_t + b + U h_{t-1}) from h (B, H): outputs (B, T, H)."""
    run = run_gateless_fused if inputs.is_cuda else recurrence
    return run(inputs, h, weight_ih, weight_hh, bias, activation=activation)


def run_gateless_fused(
    inputs: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, *, activation: Activation
) -> Tensor:
    """The same by a fused kernel of torch.

    There is none for logistic units. With sigmoid(z) = (1 + tanh(z / 2)) / 2, the tanh kernel carries u = 2 h - 1, and
    U h = (U u + U 1) / 2.
    """
    if activation == "sigmoid":
        weights = [weight_ih / 2, weight_hh / 4, bias / 2, weight_hh.sum(dim=1) / 4]
        u, _ = run_fused(torch.rnn_tanh, inputs, [2 * h - 1], weights)
        return (1 + u) / 2
    kernel = torch.rnn_tanh if activation == "tanh" else torch.rnn_relu
    outputs, _ = run_fused(kernel, inputs, [h], [weight_ih, weight_hh, bias, torch.zeros_like(bias)])
    return outputs


@torch.no_grad()
def initialise(weight_ih: Tensor, weight_hh: Tensor) -> None:
    """Glorot-uniform input weights (Glorot and Bengio 2010) and orthogonal recurrent weights (Saxe et al. 2014).

    An orthogonal matrix keeps the norm of the state through time. Each gate counts as a layer of its own.
    """
    gates = weight_hh.shape[0] // weight_hh.shape[1]
    for gate_ih, gate_hh in zip(weight_ih.chunk(gates), weight_hh.chunk(gates), strict=True):
        nn.init.xavier_uniform_(gate_ih)
        nn.init.orthogonal_(gate_hh)


class TorchCell(Cell):
    """A cell with torch.nn's four parameters, under its names and in its gate order.

    weight_ih (gates * H, I), weight_hh (gates * H, H), bias_ih and bias_hh (gates * H). Biases start at zero.
    """

    gates: ClassVar[int]

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        rows = self.gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.zeros(rows))
        self.bias_hh = nn.Parameter(torch.zeros(rows))
        initialise(self.weight_ih, self.weight_hh)

    def from_input(self, inputs: Tensor) -> Tensor:
        return linear(inputs, self.weight_ih, self.bias_ih)  # (B, gates * H)

    def from_hidden(self, h: Tensor) -> Tensor:
        return linear(h, self.weight_hh, self.bias_hh)  # (B, gates * H)


class GatelessCell(TorchCell):
    """h_t = f(W x_t + b + U h_{t-1} + d)."""

    gates = 1
    activation: Activation

    def step(self, inputs: Tensor, state: State) -> State:
        drive = self.from_input(inputs) + self.from_hidden(state.h)
        return state._replace(h=ACTIVATIONS[self.activation](drive))

    def sequence(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        bias = self.bias_ih + self.bias_hh
        outputs = run_gateless(inputs, state.h, self.weight_ih, self.weight_hh, bias, activation=self.activation)
        return outputs, state._replace(h=outputs[:, -1])


class Elman(GatelessCell):
    """h_t = tanh(W x_t + b + U h_{t-1} + d): the simple recurrent network (Elman 1990, Finding Structure in Time).

    The paper's own units are logistic: with `activation` sigmoid instead of tanh.
    """

    def __init__(self, input_size: int, hidden_size: int, *, activation: Literal["tanh", "sigmoid"] = "tanh") -> None:
        super().__init__(input_size, hidden_size)
        if activation not in ("tanh", "sigmoid"):
            raise ValueError(f"elman activation must be tanh or sigmoid, found {activation!r}")
        self.activation = activation


class IRNN(GatelessCell):
    """h_t = relu(W x_t + b + U h_{t-1} + d), where U starts as scale * identity.

    Le, Jaitly and Hinton 2015, A Simple Way to Initialize Recurrent Networks of Rectified Linear Units, section 3:
    identity recurrent weights, zero biases, all other weights Gaussian with standard deviation 0.001; a scale below
    one (they use 0.01 for speech) forgets faster.
    """

    activation = "relu"

    def __init__(self, input_size: int, hidden_size: int, *, scale: float = 1.0, input_std: float = 0.001) -> None:
        super().__init__(input_size, hidden_size)
        with torch.no_grad():
            self.weight_hh.copy_(scale * torch.eye(hidden_size))
            self.weight_ih.normal_(std=input_std)


class GatedCell(TorchCell):
    """A cell that is computed by a fused kernel of torch."""

    kernel: ClassVar[Callable[..., Any]]

    def sequence(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        hidden = [state.h, state.memory] if self.has_memory else [state.h]
        outputs, h, *memory = run_fused(self.kernel, inputs, hidden, self.kernel_weights())
        return outputs, state._replace(h=h, memory=memory[0] if memory else state.memory)

    def kernel_weights(self) -> list[Tensor]:
        return [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]


class LSTM(GatedCell):
    """Long short-term memory with forget gate (Gers, Schmidhuber and Cummins 2000, Learning to Forget, section 3).

    i, f, o = sigmoid(W x_t + b + U h_{t-1} + d)    g = tanh(likewise)    rows in the order i, f, g, o
    c_t = f c_{t-1} + i g
    h_t = o tanh(c_t)

    `forget_bias` is the sum of the forget gate's two biases at the start: positive, so that a new cell remembers
    (Gers et al. 2000; 1.0 after Jozefowicz, Zaremba and Sutskever 2015).
    """

    gates = 4
    kernel = staticmethod(torch.lstm)
    has_memory = True

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0) -> None:
        super().__init__(input_size, hidden_size)
        with torch.no_grad():
            self.bias_ih[hidden_size : 2 * hidden_size] = forget_bias  # bias_hh stays zero: the two are added

    def step(self, inputs: Tensor, state: State) -> State:
        i, f, g, o = (self.from_input(inputs) + self.from_hidden(state.h)).chunk(4, dim=-1)
        c = f.sigmoid() * state.memory + i.sigmoid() * g.tanh()
        return state._replace(h=o.sigmoid() * c.tanh(), memory=c)


class LSTM1997(GatedCell):
    """The first LSTM: no forget gate (Hochreiter and Schmidhuber 1997, Long Short-Term Memory, section 4).

    i, o = sigmoid(W x_t + b + U h_{t-1} + d)    g = tanh(likewise)    rows in the order i, g, o
    c_t = c_{t-1} + i g
    h_t = o tanh(c_t)

    As is usual since, the squashing functions are tanh (the paper scales two sigmoids to [-2, 2] and [-1, 1]) and the
    gradient is not truncated.
    """

    gates = 3
    kernel = staticmethod(torch.lstm)
    has_memory = True

    def step(self, inputs: Tensor, state: State) -> State:
        i, g, o = (self.from_input(inputs) + self.from_hidden(state.h)).chunk(3, dim=-1)
        c = state.memory + i.sigmoid() * g.tanh()
        return state._replace(h=o.sigmoid() * c.tanh(), memory=c)

    def kernel_weights(self) -> list[Tensor]:
        """torch's LSTM with a forget gate that is always open: sigmoid(100) rounds to 1, and its slope to 0."""
        weights = []
        for learned, forget in zip(super().kernel_weights(), (0.0, 0.0, 100.0, 0.0), strict=True):
            i, g, o = learned.chunk(3)
            weights.append(torch.cat([i, torch.full_like(i, forget), g, o]))
        return weights


class GRU(GatedCell):
    """Gated recurrent unit (Cho et al. 2014, Learning Phrase Representations, equations 5 to 8), in torch's variant.

    r, z = sigmoid(W x_t + b + U h_{t-1} + d)    rows in the order r, z, n
    n    = tanh(W x_t + b + r (U h_{t-1} + d))
    h_t  = (1 - z) n + z h_{t-1}

    The paper resets before the product, U (r h_{t-1}); torch and cuDNN after it, so that one product serves all gates.
    """

    gates = 3
    kernel = staticmethod(torch.gru)

    def step(self, inputs: Tensor, state: State) -> State:
        r_x, z_x, n_x = self.from_input(inputs).chunk(3, dim=-1)
        r_h, z_h, n_h = self.from_hidden(state.h).chunk(3, dim=-1)
        z = (z_x + z_h).sigmoid()
        n = (n_x + (r_x + r_h).sigmoid() * n_h).tanh()
        return state._replace(h=(1 - z) * n + z * state.h)


class Clockwork(Cell):
    """Modules that tick at their own rates (Koutnik, Greff, Gomez and Schmidhuber 2014, A Clockwork RNN, section 3).

    The hidden units are split evenly into modules, fast to slow. Module i, with period T_i,
        h_t^i = tanh(W^i x_t + b^i + sum over j >= i of U^ij h_{t-1}^j)    where t mod T_i = 0
        h_t^i = h_{t-1}^i                                                  elsewhere
    reads itself and the slower modules. `weight_hh[i]` (G, G + S) holds that row of blocks. The first step is t = 0,
    so every module sees the first input.
    """

    def __init__(self, input_size: int, hidden_size: int, *, periods: Sequence[int] = (1, 2, 4, 8, 16)) -> None:
        super().__init__(input_size, hidden_size)
        self.periods = tuple(periods)
        if not self.periods or self.periods[0] < 1 or sorted(set(self.periods)) != list(self.periods):
            raise ValueError(f"clockwork periods must be positive and rise from fast to slow, found {self.periods}")
        if hidden_size % len(self.periods):
            raise ValueError(
                f"clockwork splits hidden_size evenly over its periods: {hidden_size} units do not divide into "
                f"{len(self.periods)} modules (periods {self.periods})"
            )
        self.module_size = hidden_size // len(self.periods)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.ParameterList(
            torch.empty(self.module_size, hidden_size - first) for first in range(0, hidden_size, self.module_size)
        )
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.weight_ih)
        for weight in self.weight_hh:
            nn.init.orthogonal_(weight)  # orthonormal rows over all that the module reads

    def step(self, inputs: Tensor, state: State) -> State:
        modules = []
        for period, own, weight_hh in self._clocked():
            if state.time % period == 0:
                drive = linear(inputs, self.weight_ih[own], self.bias[own])
                modules.append(torch.tanh(drive + linear(state.h[:, own.start :], weight_hh)))
            else:
                modules.append(state.h[:, own])
        return state._replace(h=torch.cat(modules, dim=-1), time=state.time + 1)

    def sequence(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        if inputs.is_cuda:
            return self.cascade(inputs, state)
        modules = [Module(period, own.start, own.stop) for period, own, _ in self._clocked()]
        rows = [nn.functional.pad(weight, (own.start, 0)) for _, own, weight in self._clocked()]
        outputs = recurrence(
            inputs,
            state.h,
            self.weight_ih,
            torch.cat(rows),
            self.bias,
            activation="tanh",
            modules=modules,
            time=state.time,
        )
        return outputs, state._replace(h=outputs[:, -1], time=state.time + inputs.shape[1])

    def cascade(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """The sequence form from fused kernels alone, for a GPU.

        No module reads a faster one: the slowest is run over all time first, and its states are inputs of the next.
        """
        size, steps = self.module_size, inputs.shape[1]
        outputs = state.h.new_empty(*inputs.shape[:2], 0)  # (B, T, S) the modules done so far
        for period, own, weight_hh in reversed(self._clocked()):
            first = -state.time % period  # steps until this module's first tick
            h = state.h[:, own]
            held = [h.unsqueeze(1).expand(-1, first, -1)]  # (B, first, G)
            if first < steps:
                slower = torch.cat([state.h[:, None, own.stop :], outputs[:, :-1]], dim=1)  # (B, T, S) one step ago
                seen = torch.cat([inputs, slower], dim=-1)[:, first::period]
                weight_seen = torch.cat([self.weight_ih[own], weight_hh[:, size:]], dim=1)
                bias = self.bias[own]
                weights = [weight_seen, weight_hh[:, :size], bias, torch.zeros_like(bias)]
                ticks, _ = run_fused(torch.rnn_tanh, seen, [h], weights)
                held.append(ticks.repeat_interleave(period, dim=1))  # each tick holds until the next
            outputs = torch.cat([torch.cat(held, dim=1)[:, :steps], outputs], dim=-1)
        return outputs, state._replace(h=outputs[:, -1], time=state.time + steps)

    def _clocked(self) -> list[tuple[int, slice, Tensor]]:
        """Period, own units and recurrent weights of each module, fast to slow."""
        firsts = range(0, self.hidden_size, self.module_size)
        own = [slice(first, first + self.module_size) for first in firsts]
        return list(zip(self.periods, own, self.weight_hh, strict=True))


class SCRN(Cell):
    """Structurally constrained network (Mikolov et al. 2014, Learning Longer Memory in Recurrent Neural Networks).

    s_t = (1 - a) B x_t + a s_{t-1}                          the context: slow, linear, `decay` a fixed (section 3)
    k_t = sigmoid(P s_t + A x_t + R k_{t-1} + b)             the paper's h_t
    The paper's output layer reads both, U k_t + V s_t; so the output here is k_t and s_t side by side: hidden_size
    counts both, of which context_size (a quarter, if not given) are context. The paper has no b: its inputs are
    one-hot words, where A holds a bias for each; numbers as inputs need one.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, context_size: int | None = None, decay: float = 0.95
    ) -> None:
        super().__init__(input_size, hidden_size)
        slow = hidden_size // 4 if context_size is None else context_size
        if not 0 < slow < hidden_size:
            raise ValueError(f"scrn context_size must lie between 0 and hidden_size {hidden_size}, found {slow}")
        if not 0 <= decay < 1:
            raise ValueError(f"scrn decay must be at least 0 and below 1, found {decay}")
        self.decay = decay
        rest = hidden_size - slow
        self.sizes = [rest, slow]
        self.weight_ih = nn.Parameter(torch.empty(rest, input_size))  # A (K, I)
        self.weight_hh = nn.Parameter(torch.empty(rest, rest))  # R (K, K)
        self.weight_is = nn.Parameter(torch.empty(slow, input_size))  # B (C, I)
        self.weight_sh = nn.Parameter(torch.empty(rest, slow))  # P (K, C)
        self.bias = nn.Parameter(torch.zeros(rest))
        initialise(self.weight_ih, self.weight_hh)
        nn.init.xavier_uniform_(self.weight_is)
        nn.init.xavier_uniform_(self.weight_sh)

    def step(self, inputs: Tensor, state: State) -> State:
        k, s = torch.split(state.h, self.sizes, dim=-1)
        s = (1 - self.decay) * linear(inputs, self.weight_is) + self.decay * s
        drive = linear(s, self.weight_sh) + linear(inputs, self.weight_ih, self.bias)
        k = torch.sigmoid(drive + linear(k, self.weight_hh))
        return state._replace(h=torch.cat([k, s], dim=-1))

    def sequence(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        k, s = torch.split(state.h, self.sizes, dim=-1)
        context = decayed_sum((1 - self.decay) * linear(inputs, self.weight_is), s, self.decay)  # (B, T, C)
        seen = torch.cat([inputs, context], dim=-1)
        weight_seen = torch.cat([self.weight_ih, self.weight_sh], dim=1)
        hidden = run_gateless(seen, k, weight_seen, self.weight_hh, self.bias, activation="sigmoid")
        outputs = torch.cat([hidden, context], dim=-1)
        return outputs, state._replace(h=outputs[:, -1])


def decayed_sum(values: Tensor, start: Tensor, decay: float, chunk: int = 64) -> Tensor:
    """s_t = values_t + decay s_{t-1}, from `start` (B, C) over values (B, T, C).

    Within a chunk it is one product with the matrix decay^(t - u), u <= t. Its entries never exceed one, so that long
    sequences are as safe as short ones; dividing a cumulative sum by decay^t would overflow.
    """
    steps = torch.arange(min(chunk, values.shape[1]), device=values.device)
    lags = steps[:, None] - steps  # (chunk, chunk)
    kernel = (decay ** lags.clamp(min=0).to(values.dtype)).tril()
    fade = decay ** (steps + 1).to(values.dtype).unsqueeze(1)  # (chunk, 1)
    sums = []
    for part in torch.split(values, chunk, dim=1):
        n = part.shape[1]
        sums.append(kernel[:n, :n] @ part + fade[:n] * start.unsqueeze(1))
        start = sums[-1][:, -1]
    return torch.cat(sums, dim=1)


CELLS: dict[str, type[Cell]] = {
    "elman": Elman,
    "irnn": IRNN,
    "lstm": LSTM,
    "lstm-1997": LSTM1997,
    "gru": GRU,
    "clockwork": Clockwork,
    "scrn": SCRN,
}


def build_cell(name: str, input_size: int, hidden_size: int, **options: Any) -> Cell:
    """The cell of that name in `CELLS`; an unknown name or option is an error that lists the known ones."""
    if name not in CELLS:
        raise ValueError(f"unknown cell {name!r}: choose one of {', '.join(CELLS)}")
    arguments = inspect.signature(CELLS[name]).parameters.values()
    known = [argument.name for argument in arguments if argument.kind is inspect.Parameter.KEYWORD_ONLY]
    for option in options:
        if option not in known:
            raise ValueError(f"unknown option {option!r} for cell {name!r}: it knows {', '.join(known) or 'none'}")
    return CELLS[name](input_size, hidden_size, **options)
