# style: software pipelining: the loss of the next sample is computed before the backward of this one
import torch

w = torch.tensor(1.0, requires_grad=True)
xs = [1.0, 2.0, 3.0]
pending = (w * xs[0] - 1) ** 2
for x in [*xs[1:], None]:
    current = pending
    if x is not None:
        pending = (w * x - 1) ** 2
    current.backward()
    print(x, current.item(), w.grad.item())
w.data -= 0.01 * w.grad
w.grad = None
print(w.item())
