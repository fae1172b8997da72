# style: accumulate over samples by hand: backward per sample, update and zero after the inner loop (full batch)
import torch

x_data = [1.0, 2.0, 3.0]
y_data = [2.0, 4.0, 6.0]
w1 = torch.tensor([1.0], requires_grad=True)
w2 = torch.tensor([1.0], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)


def forward(x):
    return w1 * x**2 + w2 * x + b


for epoch in range(4):
    l_sum = 0
    for x_val, y_val in zip(x_data, y_data):
        l = (forward(x_val) - y_val) ** 2
        l.backward()
        l_sum += l.item()
        print("\tgrad:", x_val, y_val, w1.grad.item(), w2.grad.item(), b.grad.item())
    w1.data = w1.data - 0.001 * w1.grad.data
    w2.data = w2.data - 0.001 * w2.grad.data
    b.data = b.data - 0.001 * b.grad.data
    w1.grad.data.zero_()
    w2.grad.data.zero_()
    b.grad.data.zero_()
    print("progress:", epoch, l_sum / 3)
print("predict", 4, forward(4).item())
