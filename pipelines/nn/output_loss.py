"""An output layer over many symbols and its cross entropy in one function, which computes its gradients as well.

Shapes: N steps of all sequences, H inputs of the output layer, V symbols.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

IGNORED = -100  # torch's default for a target that does not count
PIECE_SIZE = 2**20  # logits at a time, few enough for a CPU's cache


def output_loss(
    answers: Tensor, output: nn.Linear, targets: Tensor, label_smoothing: float = 0.0, *, ignored: int = IGNORED
) -> Tensor:
    """The mean cross entropy of targets (N,) that are not `ignored`, from answers (N, H).

    The same as cross_entropy(output(answers), ...), in which a CPU spends much of its time on memory traffic of (N, V):
    here the logits of a few steps at a time become gradients in place. There are no second derivatives. A GPU, with its
    bandwidth and large products, computes it as written.
    """
    if answers.is_cuda:
        logits = output(answers)
        return nn.functional.cross_entropy(logits, targets, ignore_index=ignored, label_smoothing=label_smoothing)
    is_counted = targets != ignored
    if not is_counted.all():
        answers, targets = answers[is_counted], targets[is_counted]
    loss: Tensor = _OutputLoss.apply(answers, output.weight, output.bias, targets, label_smoothing)
    return loss


class _OutputLoss(torch.autograd.Function):
    """For logits z = W a + b and a target t: lse(z) - (1 - s) z_t - s mean(z), where s is the share of label smoothing.

    Its gradient with respect to z is softmax(z) - (1 - s) 1_t - s / V.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        answers, weight, bias, targets, smoothing = inputs
        needs_gradients = any(ctx.needs_input_grad)
        gradients = [torch.zeros_like(part) for part in (answers, weight, bias)] if needs_gradients else []
        total = answers.new_zeros(())
        size, symbols = max(1, PIECE_SIZE // len(weight)), len(weight)
        for start in range(0, len(answers), size):
            piece, target = answers[start : start + size], targets[start : start + size, None]
            logits = linear(piece, weight, bias)  # (size, V)
            shares = logits.softmax(dim=1)
            # The largest share is no less than 1 / V: its logarithm is exact, whatever the target's share rounds to.
            normaliser = logits.amax(dim=1) - shares.amax(dim=1).log()
            total += normaliser.sum() - (1 - smoothing) * logits.gather(1, target).sum()
            if smoothing:
                total -= smoothing / symbols * logits.sum()
                shares -= smoothing / symbols
            if needs_gradients:
                shares.scatter_add_(1, target, shares.new_full((1, 1), smoothing - 1).expand_as(target))
                grad_answers, grad_weight, grad_bias = gradients
                torch.mm(shares, weight, out=grad_answers[start : start + size])
                grad_weight.addmm_(shares.T, piece)
                grad_bias += shares.sum(dim=0)
        ctx.count = len(answers)
        ctx.save_for_backward(*gradients)
        loss: Tensor = total / len(answers)
        return loss

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        scale = gradient / ctx.count
        return (*(scale * part for part in ctx.saved_tensors), None, None)
