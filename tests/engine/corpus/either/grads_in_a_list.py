# style: grads = [p.grad for p in params], torch._foreach update, zeroing through the list
import torch

params = [torch.ones(2, requires_grad=True), torch.zeros(1, requires_grad=True)]
for i in range(3):
    loss = (params[0].sum() + params[1] - 1).pow(2).sum()
    loss.backward()
    grads = [p.grad for p in params]
    with torch.no_grad():
        torch._foreach_add_(params, grads, alpha=-0.1)
        torch._foreach_zero_(grads)
    print(i, loss.item(), [p.tolist() for p in params])
