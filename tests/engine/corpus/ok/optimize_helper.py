# style: an `optimize(loss, optimizer)` helper does zero_grad, backward and step for two different losses
import torch
from torch import nn

torch.manual_seed(0)
actor, value = nn.Linear(2, 1), nn.Linear(2, 1)
opt_a = torch.optim.Adam(actor.parameters(), lr=0.05)
opt_v = torch.optim.Adam(value.parameters(), lr=0.05)


def optimize(loss, optimizer, params, max_norm=None):
    optimizer.zero_grad()
    loss.backward()
    if max_norm is not None:
        nn.utils.clip_grad_norm_(params, max_norm)
    optimizer.step()


for step in range(4):
    s = torch.randn(3, 2)
    v_loss = (value(s) - s.sum(1, keepdim=True)).pow(2).mean()
    optimize(v_loss, opt_v, value.parameters())
    a_loss = -(value(s + actor(s))).mean()
    optimize(a_loss, opt_a, actor.parameters(), max_norm=0.5)
    print(step, v_loss.item(), a_loss.item())
