"""A quadratic by hand: y = w1 * x² + w2 * x + b, three parameters at once. The true ones are 1, 2 and 3."""

import torch

x_data = [1.0, 2.0, 3.0]
y_data = [6.0, 11.0, 18.0]

w1 = torch.tensor([0.0], requires_grad=True)
w2 = torch.tensor([0.0], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)

lr = 0.01  # ten times as much, and the loss runs away instead of falling: try it


def forward(x):
    return w1 * x**2 + w2 * x + b


def loss(x, y):
    y_pred = forward(x)
    return (y_pred - y) ** 2


print("predict (before training)", 4, forward(4).item())

for epoch in range(100):
    for x, y in zip(x_data, y_data):
        l = loss(x, y)
        # One backward gives all three: dl/dw1 = 2 (y_pred - y) x², dl/dw2 = 2 (y_pred - y) x, dl/db = 2 (y_pred - y).
        l.backward()
        print("\tgrad:", x, y, w1.grad.item(), w2.grad.item(), b.grad.item())
        w1.data = w1.data - lr * w1.grad.data
        w2.data = w2.data - lr * w2.grad.data
        b.data = b.data - lr * b.grad.data

        w1.grad.data.zero_()
        w2.grad.data.zero_()
        b.grad.data.zero_()

    print("progress:", epoch, l.item())

print("predict (after training)", 4, forward(4).item())
# The three samples are fitted long before the parameters are the true ones.
print("w1 =", w1.item(), "w2 =", w2.item(), "b =", b.item())
