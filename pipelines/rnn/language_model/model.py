"""The language model: embedded words -> a recurrent layer -> logits over the next word.

Shapes: B streams, T words read at a time, E width of an embedding, H hidden units, V words of the vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.cells import State, build_cell
from pipelines.words import LockedDropout


@dataclass(frozen=True)
class LanguageModelParams:
    """The model's shape."""

    cell: str
    hidden_size: int
    word_size: int  # width of a word's embedding
    dropout: float
    steps: int  # words that a gradient goes back through; the state goes on beyond (truncated back-propagation)
    options: Mapping[str, Any] = field(default_factory=dict)  # the cell's own


class LanguageModel(nn.Module):
    """p(next word | all words before), by a state that is carried on from part to part."""

    def __init__(self, params: LanguageModelParams, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, params.word_size)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.cell = build_cell(params.cell, params.word_size, params.hidden_size, **params.options)
        self.dropout = LockedDropout(params.dropout)
        self.output = nn.Linear(params.hidden_size, words)

    def forward(self, words: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Words (B, T) after a state -> logits of each one's successor (B, T, V), and the state after the last."""
        outputs, after = self.cell(self.dropout(self.embedding(words)), state)
        return self.output(self.dropout(outputs)), after


def detached(state: State) -> State:
    """A state that gradients do not pass."""
    return state._replace(h=state.h.detach(), memory=state.memory.detach())


def word_loss(logits: Tensor, following: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """The mean cross entropy of the words that followed, in nats: its exponential is the perplexity."""
    loss: Tensor = nn.functional.cross_entropy(
        logits.flatten(0, 1), following.flatten(), label_smoothing=label_smoothing
    )
    return loss


@torch.no_grad()
def sample(model: LanguageModel, prompt: list[int], end: int, most: int, *, seed: int, barred: list[int]) -> list[int]:
    """Words drawn one by one after a prompt, up to `end` or `most` of them; `barred` words are never drawn."""
    generator = torch.Generator().manual_seed(seed)
    logits, state = model(torch.tensor([[end, *prompt]]))
    drawn: list[int] = []
    while len(drawn) < most:
        shares = logits[0, -1].index_fill(0, torch.tensor(barred, dtype=torch.long), -torch.inf).softmax(dim=0)
        word = int(torch.multinomial(shares, 1, generator=generator))
        if word == end:
            break
        drawn.append(word)
        logits, state = model(torch.tensor([[word]]), state)
    return drawn
