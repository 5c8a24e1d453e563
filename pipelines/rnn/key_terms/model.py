"""The network reads a document to its end, attends to its words from there, and tags the key terms.

Shapes: B documents, T words in the longest, F features of a word, H outputs of the recurrent layers, 3 tags.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import Recurrent, within
from pipelines.nn.words import LockedDropout, Vocabulary, WordFeatures, WordParams, Words
from pipelines.rnn.crf import Crf, viterbi
from pipelines.rnn.key_terms.data import TAGS, Batch


@dataclass(frozen=True)
class KeyTermParams(WordParams):
    """The network's shape."""

    reader: Literal["recurrent", "bag-of-words"] = "recurrent"  # a bag judges each word by itself
    head: Literal["attention", "tagging"] = "attention"  # tagging: each word by its own state alone
    cell: str = "lstm"
    hidden_size: int = 100  # per direction
    num_layers: int = 1
    bidirectional: bool = True
    crf: bool = True  # tags are scored as a sequence; False: word by word
    term_bonus: float = 0.0  # added to the logits of B and I when tags are chosen: more terms are found, more are wrong


class KeyTermNetwork(nn.Module):
    """Logits over tags for each word.

    With the head `attention` the last state q attends to all words, a_t = softmax_t(q W h_t) (Luong, Pham and Manning
    2015, Effective approaches to attention, `general`), and a feed-forward layer classifies each word by its state, the
    attended state and its share of attention: softmax(V tanh(U [h_t; sum a h; log a_t])).
    """

    def __init__(self, params: KeyTermParams, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.features = WordFeatures(params, vocabulary)
        self.dropout = LockedDropout(params.dropout)
        self.recurrent: Recurrent | None = None
        size = self.features.output_size
        if params.reader == "recurrent":
            self.recurrent = Recurrent(
                params.cell,
                size,
                params.hidden_size,
                num_layers=params.num_layers,
                bidirectional=params.bidirectional,
                dropout=params.dropout,
            )
            size = self.recurrent.output_size
        self.attends = params.reader == "recurrent" and params.head == "attention"
        if self.attends:
            self.query = nn.Linear(size, size, bias=False)
            self.hidden = nn.Linear(2 * size + 1, size)
        self.output = nn.Linear(size, len(TAGS))
        self.crf = Crf(TAGS) if params.crf else None
        self.term_bonus = params.term_bonus

    def forward(self, batch: Words) -> Tensor:
        """Logits (B, T, 3); those in the padding have no meaning."""
        states = self.states(batch)
        if self.attends:
            weights = self.attention(states, batch.lengths)  # (B, T)
            attended = torch.einsum("bt,bth->bh", weights, states)[:, None].expand_as(states)  # (B, T, H)
            steps = batch.lengths[:, None].to(weights.dtype)
            share = (weights * steps + 1e-6).log()[..., None]  # (B, T, 1), 0 for the average share
            states = torch.tanh(self.hidden(torch.cat([states, attended, share], dim=-1)))
        logits: Tensor = self.output(self.dropout(states))
        return logits

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """The mean over documents of `tag_loss`, or of the CRF's -log p(tags|words), in nats."""
        logits = self(batch)
        if self.crf is None:
            return tag_loss(logits, batch.tags, label_smoothing)
        return self.crf.negative_log_likelihood(logits, batch.tags, batch.lengths).mean()

    def decide(self, batch: Words) -> tuple[Tensor, Tensor]:
        """The tag of each word (B, T), and the probability of each tag (B, T, 3), to which the bonus does not count."""
        logits = self(batch)
        bonus = logits.new_tensor([0.0, self.term_bonus, self.term_bonus])
        if self.crf is None:
            return (logits + bonus).argmax(dim=-1), logits.softmax(dim=-1)
        tags = viterbi(logits + bonus, self.crf.scores(), batch.lengths)
        return tags, self.crf.marginals(logits, batch.lengths)

    def states(self, batch: Words) -> Tensor:
        """The state of each word (B, T, H)."""
        features: Tensor = self.features(batch)
        if self.recurrent is not None:
            features = self.recurrent(features, batch.lengths)
        return features

    def attention(self, states: Tensor, lengths: Tensor) -> Tensor:
        """The last state's attention to each word (B, T): it sums to one over the words, and is zero in the padding."""
        assert self.recurrent is not None
        query = self.query(self.recurrent.last_output(states, lengths))  # (B, H)
        scores = torch.einsum("bh,bth->bt", query, states) / states.shape[-1] ** 0.5
        weights: Tensor = scores.masked_fill(~within(lengths, states.shape[1]), -torch.inf).softmax(dim=1)
        return weights

    def attend(self, batch: Words) -> Tensor | None:
        """The attention to each word (B, T), or None for a head without attention."""
        return self.attention(self.states(batch), batch.lengths) if self.attends else None


def tag_loss(logits: Tensor, tags: Tensor, label_smoothing: float) -> Tensor:
    """The mean over documents of the sum over words of the cross entropies: logits (B, T, 3), tags (B, T)."""
    total = nn.functional.cross_entropy(
        logits.flatten(0, 1), tags.flatten(), ignore_index=-1, reduction="sum", label_smoothing=label_smoothing
    )
    return total / len(tags)
