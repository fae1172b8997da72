# style: the gradient is taken into names first, the update goes through an alias of .data, zeroing by fill_
import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
view = w.data
for i in range(3):
    loss = (w**2).sum()
    loss.backward()
    g = w.grad
    view -= 0.1 * g
    g.fill_(0.0)
    print(i, loss.item(), w.tolist(), w.grad.tolist())
