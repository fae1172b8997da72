# style: two loops and a lone backward in one function
import torch
w = torch.ones(1, requires_grad=True)
def train():
    for i in range(2):
        loss = (w * 2).sum(); loss.backward(); w.data -= .1 * w.grad; w.grad = None
        print("A", i, loss.item())
    for i in range(2):
        loss = (w * 3).sum(); loss.backward(); w.data -= .1 * w.grad; w.grad = None
        print("B", i, loss.item())
    loss = (w * 4).sum()
    loss.backward()
    print(w.grad)
train()
