"""The cascade's first half: a recogniser that transcribes sound, symbol by symbol (CTC, Graves et al. 2006).

Shapes: B recordings, S frames, S' steps, F features of a frame, V symbols; the blank has the number of PAD.
"""

import torch
from torch import Tensor, nn

from pipelines.nn.ctc import BLANK
from pipelines.seq2seq.encoders import FrameEncoder
from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.symbols import STOP, UNKNOWN


class Recogniser(nn.Module):
    """An encoder of frames, and for each of its output steps a distribution over symbols and the blank."""

    def __init__(self, encoder: FrameEncoder, symbols: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.output = nn.Linear(encoder.output_size, symbols)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """source (B, S, F), lengths (B,) -> log probabilities (B, S', V) and steps (B,)."""
        states, steps, _ = self.encoder(source, lengths)
        logits: Tensor = self.output(states)  # (B, S', V)
        logits[..., [STOP, UNKNOWN]] = torch.finfo(logits.dtype).min
        return logits.log_softmax(dim=-1), steps

    def loss(self, batch: Batch) -> Tensor:
        """The mean over recordings of -log p(transcript), in nats; the batch's targets are transcripts."""
        log_probs, steps = self(batch.source, batch.lengths)
        symbols = (batch.targets > STOP).sum(dim=1)
        total = nn.functional.ctc_loss(
            log_probs.transpose(0, 1), batch.targets, steps, symbols, blank=BLANK, reduction="sum"
        )
        return total / len(steps)
