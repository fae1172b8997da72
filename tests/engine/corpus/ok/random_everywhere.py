# style: torch, random and numpy draw numbers in every phase
import torch, random, numpy as np
random.seed(0); np.random.seed(0); torch.manual_seed(0)
w = torch.ones(1, requires_grad=True)
for i in range(3):
    loss = (w * torch.rand(1) * random.random()).sum()
    loss.backward()
    w.data -= .1 * w.grad * np.random.rand()
    w.grad = None
    print(loss.item(), torch.rand(1).item(), random.random(), np.random.rand())
