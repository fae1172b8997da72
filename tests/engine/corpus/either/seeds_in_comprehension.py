# style: results = [run(seed) for seed in …], run() holds the loop
import torch


def run(seed):
    torch.manual_seed(seed)
    w = torch.randn(1, requires_grad=True)
    for _ in range(3):
        loss = (w - 2).pow(2).sum()
        loss.backward()
        w.data -= 0.2 * w.grad
        w.grad = None
    return loss.item()


results = [run(seed) for seed in range(3)]
print(results, sum(results) / len(results))
