# style: raw tensors, update through .data, zero through .grad.data
import torch

xs = [0.5, 1.5, 2.5, 3.5]
ys = [2.0, 4.0, 6.0, 8.0]
w = torch.tensor([0.3], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)

for epoch in range(3):
    for x, y in zip(xs, ys):
        pred = w * x + b
        l = (pred - y).pow(2)
        l.backward()
        print("x", x, "grad", w.grad.item(), b.grad.item())
        w.data = w.data - 0.02 * w.grad.data
        b.data = b.data - 0.02 * b.grad.data
        w.grad.data.zero_()
        b.grad.data.zero_()
    print("epoch", epoch, "loss", l.item())
print(w, b)
