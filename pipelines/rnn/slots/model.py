"""A slot tagger: one label for each word of an utterance (many to many; Mesnil et al. 2013).

Shapes: B utterances, T words in the longest, H outputs of the recurrent layers, C tags.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import Recurrent
from pipelines.nn.words import LockedDropout, WordFeatures, WordParams
from pipelines.rnn.crf import Crf, viterbi
from pipelines.rnn.slots.data import Batch, SlotVocabulary


@dataclass(frozen=True)
class TaggerParams(WordParams):
    """The tagger's shape. Each part beyond embedding, recurrent layer and output has one switch."""

    cell: str = "lstm"
    hidden_size: int = 100  # per direction
    num_layers: int = 1  # a second gained nothing on val
    bidirectional: bool = True
    crf: bool = False  # True: tags are scored as a sequence instead of word by word
    ensemble_size: int = 1  # networks that are trained side by side, whose logits are averaged


class SlotTagger(nn.Module):
    """One network, or an ensemble whose members are trained side by side and whose logits are averaged.

    Members differ only in their random start and dropout; their errors differ, so that their mean has fewer
    (Hansen & Salamon 1990, Neural network ensembles).
    """

    def __init__(self, params: TaggerParams, vocabulary: SlotVocabulary) -> None:
        super().__init__()
        if params.ensemble_size < 1:
            raise ValueError(f"ensemble_size is {params.ensemble_size}: a tagger has at least one")
        self.params = params
        self.members = nn.ModuleList(Network(params, vocabulary) for _ in range(params.ensemble_size))

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, T, C) for each word; those in the padding have no meaning."""
        return torch.stack([network(batch) for network in self.networks()]).mean(dim=0)

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """The sum of the members' losses. Each member has its own gradient; they are clipped jointly."""
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
    """Features of words -> recurrent layers -> logits over tags."""

    def __init__(self, params: TaggerParams, vocabulary: SlotVocabulary) -> None:
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
        self.dropout = LockedDropout(params.dropout)
        self.output = nn.Linear(self.recurrent.output_size, len(vocabulary.tags))
        self.crf = Crf(vocabulary.tags) if params.crf else None

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, T, C)."""
        hidden = self.recurrent(self.features(batch), batch.lengths)  # (B, T, H)
        logits: Tensor = self.output(self.dropout(hidden))
        return logits

    def loss(self, batch: Batch, label_smoothing: float) -> Tensor:
        """The mean over utterances of `slot_loss`, or of the CRF's -log p(tags|words), in nats."""
        logits = self(batch)
        if self.crf is None:
            return slot_loss(logits, batch, label_smoothing)
        likelihood: Tensor = self.crf.negative_log_likelihood(logits, batch.tags, batch.lengths)
        return likelihood.mean()


def slot_loss(logits: Tensor, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
    """The mean over utterances of the sum over their words of the cross entropies, in nats.

    logits (B, T, C). Words whose tag is -1 (padding, or a tag that is not in training) do not count.
    """
    total = nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.tags.flatten(), ignore_index=-1, reduction="sum", label_smoothing=label_smoothing
    )
    return total / len(batch.lengths)
