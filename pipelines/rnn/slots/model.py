"""A slot tagger: one label for each word of an utterance (many to many; Mesnil et al. 2013).

Shapes: B utterances, T words in the longest, U distinct words in a batch, W characters in the longest word,
F features of a word, H outputs of the recurrent layers, C tags.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipelines.recurrent import Recurrent, within
from pipelines.rnn.slots.crf import Crf, viterbi
from pipelines.rnn.slots.data import Batch, Vocabulary


@dataclass(frozen=True)
class TaggerParams:
    """The tagger's shape. Each part beyond embedding, recurrent layer and output has one switch."""

    cell: str
    hidden_size: int
    num_layers: int
    bidirectional: bool
    word_size: int
    char_size: int  # 0: words are known by their embedding alone
    char_filters: int
    context_window: int  # neighbours on each side whose embeddings a word is read with; 0: none
    dropout: float
    word_dropout: (
        float  # a training word seen n times is read as <unk> with probability word_dropout / (word_dropout + n)
    )
    crf: bool  # False: each word's tag is scored on its own
    members: int  # networks that are trained side by side and label together


class SlotTagger(nn.Module):
    """One network, or several that are trained side by side and label together (their logits are averaged).

    Members differ only in their random start and dropout; what they err in differs more, so their mean errs less
    (Hansen & Salamon 1990, Neural network ensembles).
    """

    def __init__(self, params: TaggerParams, vocabulary: Vocabulary) -> None:
        super().__init__()
        if params.members < 1:
            raise ValueError(f"members is {params.members}: a tagger has at least one")
        self.params = params
        self.members = nn.ModuleList(Network(params, vocabulary) for _ in range(params.members))

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, T, C) for each word; those at padded positions mean nothing."""
        return torch.stack([network(batch) for network in self.networks()]).mean(dim=0)

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """What training minimises: the sum of the members' losses. Their gradients are their own, clipped jointly."""
        return torch.stack([network.loss(batch, label_smoothing) for network in self.networks()]).sum()

    def best_tags(self, batch: Batch) -> Tensor:
        """Each word's tag (B, T): the best one, or with a CRF the one of the best sequence."""
        logits: Tensor = self(batch)
        transitions = [network.crf.scores() for network in self.networks() if network.crf is not None]
        if not transitions:
            return logits.argmax(dim=-1)
        return viterbi(logits, torch.stack(transitions).mean(dim=0), batch.lengths)

    def networks(self) -> "list[Network]":
        return [member for member in self.members if isinstance(member, Network)]


class Network(nn.Module):
    """Embeddings of words and of their spelling -> recurrent layers -> logits over tags."""

    keep: Tensor

    def __init__(self, params: TaggerParams, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.params = params
        counts = torch.tensor(vocabulary.counts, dtype=torch.get_default_dtype())
        self.register_buffer("keep", counts / (counts + params.word_dropout).clamp(min=1), persistent=False)
        self.word_embedding = nn.Embedding(len(vocabulary.words), params.word_size, padding_idx=0)
        nn.init.normal_(self.word_embedding.weight, std=0.1)
        self.spelling = SpellingFeatures(len(vocabulary.characters), params.char_size, params.char_filters)
        self.dropout = LockedDropout(params.dropout)
        features = params.word_size + self.spelling.output_size
        self.recurrent = Recurrent(
            params.cell,
            features * (2 * params.context_window + 1),
            params.hidden_size,
            num_layers=params.num_layers,
            bidirectional=params.bidirectional,
            dropout=params.dropout,
        )
        self.output = nn.Linear(self.recurrent.output_size, len(vocabulary.tags))
        self.crf = Crf(vocabulary.tags) if params.crf else None

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, T, C)."""
        words = batch.words
        if self.training and self.params.word_dropout:
            dropped = torch.rand(words.shape, device=words.device) > self.keep[words]
            words = words.masked_fill(dropped & (words != 0), 1)
        features = torch.cat([self.word_embedding(words), self.spelling(batch)], dim=-1)  # (B, T, F)
        features = features * within(batch.lengths, words.shape[1])[..., None]  # a neighbour beyond the end is zero
        features = with_neighbours(self.dropout(features), self.params.context_window)
        hidden = self.recurrent(features, batch.lengths)  # (B, T, H)
        logits: Tensor = self.output(self.dropout(hidden))
        return logits

    def loss(self, batch: Batch, label_smoothing: float) -> Tensor:
        """The mean over utterances of `slot_loss`, or of the CRF's -log p(tags|words)."""
        logits = self(batch)
        if self.crf is None:
            return slot_loss(logits, batch, label_smoothing)
        likelihood: Tensor = self.crf.negative_log_likelihood(logits, batch.tags, batch.lengths)
        return likelihood.mean()


class SpellingFeatures(nn.Module):
    """A word by its characters: convolution of width 3, ReLU, maximum over positions (dos Santos & Zadrozny 2014)."""

    def __init__(self, num_characters: int, char_size: int, filters: int) -> None:
        super().__init__()
        self.output_size = filters if char_size else 0
        if char_size:
            self.embedding = nn.Embedding(num_characters, char_size, padding_idx=0)
            self.convolution = nn.Conv1d(char_size, filters, kernel_size=3, padding=1)

    def forward(self, batch: Batch) -> Tensor:
        """Features (B, T, output_size), computed once for each distinct word of the batch."""
        if not self.output_size:
            return batch.words.new_zeros((*batch.words.shape, 0), dtype=torch.get_default_dtype())
        embedded = self.embedding(batch.spelling).transpose(1, 2)  # (U, char_size, W)
        padded = (batch.spelling == 0)[:, None]  # (U, 1, W)
        features = self.convolution(embedded).relu().masked_fill(padded, 0.0).amax(dim=-1)  # (U, output_size)
        return nn.functional.embedding(batch.spelling_index, features)


class LockedDropout(nn.Dropout):
    """Dropout with one mask for all steps of a sequence (Gal & Ghahramani 2016)."""

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, T, F) -> (B, T, F)."""
        if not self.training or not self.p:
            return inputs
        return inputs * super().forward(torch.ones_like(inputs[:, :1]))


def with_neighbours(features: Tensor, window: int) -> Tensor:
    """Each word's features with those of `window` words on each side, zero beyond the ends.

    (B, T, F) -> (B, T, (2 window + 1) F): the context window of Mesnil et al. (2013), section 3.2.
    """
    steps = features.shape[1]
    padded = nn.functional.pad(features, (0, 0, window, window))
    return torch.cat([padded[:, shift : shift + steps] for shift in range(2 * window + 1)], dim=-1)


def slot_loss(logits: Tensor, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
    """The mean over utterances of the sum over their words of the cross entropies; padding counts nothing.

    logits (B, T, C). Words whose tag is -1 (padding, or a tag that training never saw) are left out.
    """
    total = nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.tags.flatten(), ignore_index=-1, reduction="sum", label_smoothing=label_smoothing
    )
    return total / len(batch.lengths)
