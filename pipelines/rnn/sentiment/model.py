"""A text classifier: recurrent layers, pooled into one vector (many to one), or a bag of words to compare with.

Shapes: B texts, T words in the longest, H outputs of the recurrent layers, L labels.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import Recurrent, within
from pipelines.nn.words import LockedDropout, Vocabulary, WordFeatures, WordParams, Words

Pooling = Literal["last", "mean", "max", "attention"]


@dataclass(frozen=True)
class ClassifierParams(WordParams):
    """The classifier's shape. A reader `bag-of-words` reads only the counts of words."""

    reader: Literal["recurrent", "bag-of-words"] = "recurrent"
    cell: str = "lstm"
    hidden_size: int = 100  # per direction
    num_layers: int = 1
    bidirectional: bool = True
    pooling: Pooling = "max"  # the best on val of SST-2
    cross_validated: bool = False  # tested on the fold that the seed names, whatever the splits
    pretrained: str = ""  # the model.safetensors of an auto-encoder (seq2seq-sentences) whose reader is fine-tuned


class TextClassifier(nn.Module):
    """Logits over labels for a text, from a recurrent reader."""

    def __init__(self, params: ClassifierParams, vocabulary: Vocabulary, labels: int) -> None:
        super().__init__()
        self.features = WordFeatures(params, vocabulary)
        self.recurrent = Recurrent(
            params.cell,
            self.features.output_size,
            params.hidden_size,
            num_layers=params.num_layers,
            bidirectional=params.bidirectional,
            dropout=params.dropout,
        )
        self.pooling = params.pooling
        self.attention = Attention(self.recurrent.output_size) if params.pooling == "attention" else None
        self.dropout = LockedDropout(params.dropout)
        self.output = nn.Linear(self.recurrent.output_size, labels)

    def forward(self, batch: Words) -> Tensor:
        """Logits (B, L)."""
        hidden = self.recurrent(self.features(batch), batch.lengths)  # (B, T, H), zero in the padding
        logits: Tensor = self.output(self.dropout(self._pool(hidden, batch.lengths)[:, None])[:, 0])
        return logits

    def attend(self, batch: Words) -> Tensor | None:
        """The attention to each word (B, T), or None without attention."""
        if self.attention is None:
            return None
        hidden = self.recurrent(self.features(batch), batch.lengths)
        weights: Tensor = self.attention(hidden, batch.lengths)
        return weights

    def _pool(self, hidden: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, H) -> (B, H); padding never counts."""
        if self.attention is not None:
            return torch.einsum("bt,bth->bh", self.attention(hidden, lengths), hidden)
        if self.pooling == "last":
            return self.recurrent.last_output(hidden, lengths)
        if self.pooling == "mean":
            return hidden.sum(dim=1) / lengths[:, None]
        padding = ~within(lengths, hidden.shape[1])[..., None]
        return hidden.masked_fill(padding, -torch.inf).amax(dim=1)


class Attention(nn.Module):
    """softmax over words of c . tanh(W h_t + b) (Yang et al. 2016, Hierarchical attention networks, eq. 5-6)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, size)
        self.context = nn.Parameter(torch.empty(size))
        nn.init.normal_(self.context, std=size**-0.5)

    def forward(self, hidden: Tensor, lengths: Tensor) -> Tensor:
        """hidden (B, T, H) -> weights (B, T) that sum to one over a text's words and are zero in the padding."""
        scores = torch.tanh(self.project(hidden)) @ self.context  # (B, T)
        return scores.masked_fill(~within(lengths, hidden.shape[1]), -torch.inf).softmax(dim=1)


class BagOfWords(nn.Module):
    """Logistic regression on the counts of a text's words: a baseline that ignores their order."""

    def __init__(self, vocabulary: Vocabulary, labels: int) -> None:
        super().__init__()
        self.weights = nn.Embedding(len(vocabulary.words), labels, padding_idx=0)
        nn.init.zeros_(self.weights.weight)
        self.bias = nn.Parameter(torch.zeros(labels))

    def forward(self, batch: Words) -> Tensor:
        """Logits (B, L)."""
        logits: Tensor = self.weights(batch.words).sum(dim=1) + self.bias
        return logits

    def attend(self, batch: Words) -> Tensor | None:  # noqa: ARG002 - as the recurrent classifier has it
        """None: a bag of words has no attention."""
        return None


Classifier = TextClassifier | BagOfWords


def build_classifier(params: ClassifierParams, vocabulary: Vocabulary, labels: int) -> Classifier:
    """The classifier with these settings."""
    if params.reader == "bag-of-words":
        return BagOfWords(vocabulary, labels)
    return TextClassifier(params, vocabulary, labels)
