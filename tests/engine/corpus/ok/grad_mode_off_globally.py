# style: set_grad_enabled(False) for the script, enable_grad() around forward and backward
import torch
torch.set_grad_enabled(False)
w = torch.ones(1, requires_grad=True)
for i in range(2):
    with torch.enable_grad():
        loss = (w * 2).sum()
        loss.backward()
    w -= .1 * w.grad
    w.grad = None
    print(torch.is_grad_enabled(), loss.item(), w)
torch.set_grad_enabled(True)
