# style: train(*params, lr=…) updates in a loop over its arguments
import torch
def train(*params, lr):
    for i in range(3):
        loss = sum((p ** 2).sum() for p in params)
        loss.backward()
        for p in params:
            p.data.add_(p.grad, alpha=-lr)
            p.grad = None
        print(loss.item())
train(torch.ones(1, requires_grad=True), torch.ones(2, requires_grad=True), lr=.1)
