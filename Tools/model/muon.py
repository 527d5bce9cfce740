"""Muon: momentum whose update of each matrix is made orthogonal by a Newton-Schulz iteration.

After Keller Jordan, https://kellerjordan.github.io/posts/muon/. Learns rare associations in fewer
steps than AdamW, which is what a model that must tell two hundred topics apart needs.
"""

import torch

# The quintic's coefficients, from the same page: singular values go to about 1 in five rounds.
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonalized(x, rounds=5):
    """A batch of matrices, each with its singular values set to about 1."""
    is_tall = x.shape[-2] > x.shape[-1]
    x = x.transpose(-2, -1) if is_tall else x
    x = (x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(rounds):
        square = x @ x.transpose(-2, -1)
        x = A * x + (B * square + C * square @ square) @ x
    return (x.transpose(-2, -1) if is_tall else x).float()


class Muon(torch.optim.Optimizer):
    """For the matrices between embedding and head; those of one shape are done together."""

    def __init__(self, matrices, lr, momentum=0.95, weight_decay=0.0):
        shapes = {}
        for matrix in matrices:
            shapes.setdefault(tuple(matrix.shape), []).append(matrix)
        groups = [dict(params=group) for group in shapes.values()]
        super().__init__(groups, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            # Those above the middle have no gradient where nothing was wanted of them.
            matrices, updates = [m for m in group["params"] if m.grad is not None], []
            for matrix in matrices:
                state = self.state[matrix]
                if not state:
                    state["mean"] = torch.zeros_like(matrix)
                state["mean"].lerp_(matrix.grad, 1 - group["momentum"])
                updates.append(matrix.grad.lerp(state["mean"], group["momentum"]))
            rows, columns = updates[0].shape
            rate = group["lr"] * max(1, rows / columns) ** 0.5
            for matrix, update in zip(matrices, orthogonalized(torch.stack(updates))):
                matrix.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-rate)
