"""A linear-chain conditional random field over tags (Lafferty et al. 2001; for tagging, Lample et al. 2016, eq. 1-3).

It scores a tag sequence y of a sentence x as the sum of the network's logits and of a learned score for each pair of
neighbours, s(x, y) = sum_t logits[t, y_t] + sum_t transitions[y_{t-1}, y_t], and p(y|x) is the softmax of s
over all sequences. Sequences that IOB does not allow (I without its B or I before it) have probability zero.

Shapes: B texts, T words in the longest, C tags; index C is the start of a sentence.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import within

FORBIDDEN = -1e4  # exp() of it is zero, and it stays finite


class Crf(nn.Module):
    """Transition scores, and the likelihood of a tag sequence."""

    allowed: Tensor

    def __init__(self, tags: Sequence[str]) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(len(tags) + 1, len(tags)))
        pairs = [[follows(before, tag) for tag in tags] for before in (*tags, "O")]  # a sentence starts as after O
        self.register_buffer("allowed", torch.tensor(pairs), persistent=False)

    def scores(self) -> Tensor:
        """Transition scores (C + 1, C), forbidden ones out of reach."""
        return self.transitions.masked_fill(~self.allowed, FORBIDDEN)

    def negative_log_likelihood(self, logits: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """-log p(y|x) of each text: logits (B, T, C), tags (B, T), lengths (B,) -> (B,).

        A tag of -1 within a text (one that training never saw) is read as tag 0.
        """
        return self._log_partition(logits, lengths) - self._score(logits, tags.clamp(min=0), lengths)

    @torch.no_grad()
    def marginals(self, logits: Tensor, lengths: Tensor) -> Tensor:
        """p(y_t|x) of each word (B, T, C), 0 in the padding, by forward and backward passes (Rabiner 1989, eq. 27)."""
        weights = self.scores()[:-1].exp()  # (C, C)
        beta = torch.zeros_like(logits[:, 0])  # (B, C) log probability of the words after, 0 from the last word on
        betas = [beta]
        for t in range(logits.shape[1] - 1, 0, -1):
            after = logits[:, t] + beta
            beta = torch.where((t < lengths)[:, None], _log_product(after, weights.T), beta)
            betas.append(beta)
        alphas = torch.stack(list(self._forward(logits, lengths)), dim=1)
        found = (alphas + torch.stack(betas[::-1], dim=1)).softmax(dim=-1)
        return found * within(lengths, logits.shape[1])[..., None]

    def _score(self, logits: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """s(x, y) (B,)."""
        before = torch.cat([tags.new_full((len(tags), 1), logits.shape[-1]), tags[:, :-1]], dim=1)
        words = logits.gather(-1, tags[..., None])[..., 0] + self.scores()[before, tags]  # (B, T)
        return words.masked_fill(~within(lengths, tags.shape[1]), 0.0).sum(dim=1)

    def _log_partition(self, logits: Tensor, lengths: Tensor) -> Tensor:
        """The logarithm of the sum of exp s(x, y) over all y (B,)."""
        *_, alpha = self._forward(logits, lengths)
        return alpha.logsumexp(dim=1)

    def _forward(self, logits: Tensor, lengths: Tensor) -> Iterator[Tensor]:
        """For each word the log of the sum over all beginnings that end in each tag (B, C); constant in the padding."""
        scores = self.scores()
        weights = scores[:-1].exp()  # (C, C)
        first, *rest = logits.unbind(dim=1)
        alpha = scores[-1] + first
        yield alpha
        for t, emission in enumerate(rest, start=1):
            alpha = torch.where((t < lengths)[:, None], _log_product(alpha, weights) + emission, alpha)
            yield alpha


def _log_product(logs: Tensor, weights: Tensor) -> Tensor:
    """log(exp(logs) @ weights), (B, C) and (C, C), as a product of probabilities relative to the largest.

    It is many times faster than a logsumexp over (B, C, C), and as exact except for terms below e^-69 of the largest,
    which are rounded up to that.
    """
    top = logs.amax(dim=1, keepdim=True).detach()  # (B, 1)
    return ((logs - top).exp() @ weights).clamp(min=1e-30).log() + top


@torch.no_grad()
def viterbi(logits: Tensor, transitions: Tensor, lengths: Tensor) -> Tensor:
    """The most probable tag sequence of each text (B, T), 0 in the padding.

    logits (B, T, C), transitions (C + 1, C) as `Crf.scores` gives them, lengths (B,).
    """
    steps = logits.shape[1]
    score = transitions[-1] + logits[:, 0]  # (B, C) of the best sequence that ends in each tag
    came_from = []
    for t in range(1, steps):
        best, index = (score[:, :, None] + transitions[:-1]).max(dim=1)  # (B, C) each, index: the tag before
        inside = (t < lengths)[:, None]
        score = torch.where(inside, best + logits[:, t], score)
        came_from.append(torch.where(inside, index, torch.arange(logits.shape[-1], device=logits.device)))
    tag = score.argmax(dim=1)  # (B,) the tag of the last word, kept through the padding
    path = [tag]
    for index in reversed(came_from):
        tag = index.gather(1, tag[:, None])[:, 0]
        path.append(tag)
    tags = torch.stack(path[::-1], dim=1)  # (B, T)
    return tags.masked_fill(~within(lengths, steps), 0)


def follows(before: str, tag: str) -> bool:
    """Whether IOB2 allows `tag` after `before`; the kind, if there are several, follows a hyphen."""
    return not tag.startswith("I") or before in (f"B{tag[1:]}", tag)
