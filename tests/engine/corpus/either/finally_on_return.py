# style: `return` from inside try/finally in the loop
import torch
w = torch.ones(1, requires_grad=True)
def train():
    for i in range(5):
        try:
            loss = (w * i).sum()
            loss.backward()
            w.data -= .1 * w.grad
            w.grad = None
            if i == 2:
                return "two"
        finally:
            print("fin", i, loss.item())
    return "end"
print(train())
