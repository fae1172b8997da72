# style: activation checkpointing, record_function sections, default dtype float64, Tensor subclass free
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
block1 = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
block2 = nn.Linear(4, 1)
params = list(block1.parameters()) + list(block2.parameters())
opt = torch.optim.SGD(params, lr=0.1)

for step in range(3):
    x = torch.randn(5, 3)
    with torch.profiler.record_function("forward"):
        h = checkpoint(block1, x, use_reentrant=False)
        loss = (block2(h) - x.sum(1, keepdim=True)).square().mean()
    with torch.profiler.record_function("backward"):
        loss.backward()
    with torch.profiler.record_function("optimizer"):
        opt.step()
        opt.zero_grad()
    print(step, loss.item(), loss.dtype)
torch.set_default_dtype(torch.float32)
