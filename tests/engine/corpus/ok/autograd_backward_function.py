# style: torch.autograd.backward([l1, l2]) of two losses, optimizer by walrus-read batches
import torch

torch.manual_seed(0)
a = torch.randn(2, requires_grad=True)
b = torch.randn(2, requires_grad=True)
opt = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.01}], lr=0.1)
queue = [torch.randn(2) for _ in range(5)]

turn = 0
while (x := queue.pop() if queue else None) is not None:
    l1 = (a * x).sum() ** 2
    l2 = (b + a.detach() - x).pow(2).sum()
    opt.zero_grad()
    torch.autograd.backward([l1, l2])
    opt.step()
    turn += 1
    print(f"{turn=} {l1.item()=:.6f} {l2.item()=:.6f}")
print(a.tolist(), b.tolist())
