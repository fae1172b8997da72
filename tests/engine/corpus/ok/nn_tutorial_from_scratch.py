# style: "What is torch.nn": slices by start_i/end_i, weights -= weights.grad * lr in no_grad, zero_ in it
import math

import torch

torch.manual_seed(0)
n, c = 20, 6
x_train, y_train = torch.randn(n, c), torch.randint(0, 3, (n,))
weights = torch.randn(c, 3) / math.sqrt(c)
weights.requires_grad_()
bias = torch.zeros(3, requires_grad=True)


def log_softmax(x):
    return x - x.exp().sum(-1).log().unsqueeze(-1)


def model(xb):
    return log_softmax(xb @ weights + bias)


def nll(input, target):
    return -input[range(target.shape[0]), target].mean()


loss_func = nll
bs = 8
lr = 0.5
epochs = 2

for epoch in range(epochs):
    for i in range((n - 1) // bs + 1):
        #         set_trace()
        start_i = i * bs
        end_i = start_i + bs
        xb = x_train[start_i:end_i]
        yb = y_train[start_i:end_i]
        pred = model(xb)
        loss = loss_func(pred, yb)

        loss.backward()
        with torch.no_grad():
            weights -= weights.grad * lr
            bias -= bias.grad * lr
            weights.grad.zero_()
            bias.grad.zero_()

print(loss_func(model(x_train), y_train), (torch.argmax(model(x_train), dim=1) == y_train).float().mean())
