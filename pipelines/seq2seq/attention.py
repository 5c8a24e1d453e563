"""Attention of a decoder over an encoder's states: the weight of each source step at each target step.

Shapes: B sequences, T target steps, S source steps, H decoder units, E encoder outputs.
"""

from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["none", "additive", "multiplicative"]


class Attention(nn.Module):
    """Scores of source states h_j against decoder states s_t, after the step as in Luong et al. (2015).

    multiplicative: s_t . W h_j           (Luong et al. 2015, equation 8, `general`)
    additive:       v . tanh(W h_j + U s_t)   (Bahdanau et al. 2015, appendix A.1.2)
    """

    def __init__(self, kind: Kind, states_size: int, hidden_size: int) -> None:
        super().__init__()
        self.keys = nn.Linear(states_size, hidden_size, bias=False)
        self.additive = kind == "additive"
        if self.additive:
            self.query = nn.Linear(hidden_size, hidden_size)
            self.vector = nn.Parameter(torch.empty(hidden_size))
            nn.init.normal_(self.vector, std=hidden_size**-0.5)

    def forward(self, hidden: Tensor, keys: Tensor, padding: Tensor) -> Tensor:
        """hidden (B, T, H), keys (B, S, H) of `self.keys`, padding (B, S) -> weights (B, T, S); each row sums to 1.

        Padding has no weight, unless a source is padding alone.
        """
        if self.additive:
            mixed = torch.tanh(self.query(hidden)[:, :, None] + keys[:, None])  # (B, T, S, H)
            scores = mixed @ self.vector  # (B, T, S)
        else:
            scores = hidden @ keys.transpose(1, 2)  # (B, T, S)
        lowest = torch.finfo(scores.dtype).min  # finite: a source of padding alone gets even weights, not NaN
        return scores.masked_fill(padding[:, None], lowest).softmax(dim=-1)
