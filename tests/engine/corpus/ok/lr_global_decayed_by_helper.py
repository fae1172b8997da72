# style: a helper changes the global lr that train() reads
import torch
lr = .1
w = torch.ones(1, requires_grad=True)
def decay():
    global lr
    lr *= .5
def train():
    for i in range(3):
        loss = (w * 2).sum()
        loss.backward()
        w.data -= lr * w.grad
        w.grad = None
        decay()
        print(lr, loss.item())
train(); print(lr)
