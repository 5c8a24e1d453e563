"""The language model: embedded words -> a recurrent layer -> logits over the next word.

Shapes: B streams, T words read at a time, E width of an embedding, H hidden units, V words of the vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.nn.cells import State, build_cell
from pipelines.nn.output_loss import output_loss
from pipelines.nn.words import LockedDropout


@dataclass(frozen=True)
class LanguageModelParams:
    """The model's shape."""

    cell: str = "lstm"
    hidden_size: int = 100
    word_size: int = 100  # width of a word's embedding
    dropout: float = 0.1
    bptt_steps: int = 20  # words that a gradient goes back through (truncated BPTT); the state is carried on
    tied: bool = False  # the output layer's weights are the embeddings (Press and Wolf 2017)
    options: Mapping[str, Any] = field(default_factory=dict)  # the cell's own

    def __post_init__(self) -> None:
        if self.tied and self.word_size != self.hidden_size:
            raise ValueError(
                f"tied embeddings have the size of the output layer's input: word_size is {self.word_size} and "
                f"hidden_size {self.hidden_size}; make them equal, or set tied to false"
            )


class LanguageModel(nn.Module):
    """p(next word | all words before), by a state that is carried from part to part."""

    def __init__(self, params: LanguageModelParams, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, params.word_size)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.cell = build_cell(params.cell, params.word_size, params.hidden_size, **params.options)
        self.dropout = LockedDropout(params.dropout)
        self.output = nn.Linear(params.hidden_size, words)
        if params.tied:
            self.output.weight = self.embedding.weight

    def forward(self, words: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Words (B, T) after a state -> logits of the word after each (B, T, V), and the last state."""
        answers, after = self._read(words, state)
        return self.output(answers), after

    def loss(
        self, words: Tensor, following: Tensor, state: State | None = None, label_smoothing: float = 0.0
    ) -> tuple[Tensor, State]:
        """The mean cross entropy of the words that followed (B, T), in nats: its exponential is the perplexity."""
        answers, after = self._read(words, state)
        return output_loss(answers.flatten(0, 1), self.output, following.flatten(), label_smoothing), after

    def _read(self, words: Tensor, state: State | None) -> tuple[Tensor, State]:
        outputs, after = self.cell(self.dropout(self.embedding(words)), state)
        return self.dropout(outputs), after


def detached(state: State) -> State:
    """The state without its graph, so that gradients stop there."""
    return state._replace(h=state.h.detach(), memory=state.memory.detach())


@torch.no_grad()
def sample(
    model: LanguageModel, prompt: list[int], end: int, max_words: int, *, seed: int, forbidden: list[int]
) -> list[int]:
    """Words sampled one by one after a prompt, until `end` or `max_words` of them; never a `forbidden` one."""
    generator = torch.Generator().manual_seed(seed)
    logits, state = model(torch.tensor([[end, *prompt]]))
    drawn: list[int] = []
    while len(drawn) < max_words:
        shares = logits[0, -1].index_fill(0, torch.tensor(forbidden, dtype=torch.long), -torch.inf).softmax(dim=0)
        word = int(torch.multinomial(shares, 1, generator=generator))
        if word == end:
            break
        drawn.append(word)
        logits, state = model(torch.tensor([[word]]), state)
    return drawn
