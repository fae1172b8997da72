# style: locals of train() shadow globals that helpers read; a helper changes a global that train() reads
import torch

step = "global step"
calls = 0
scale = 1.0


def helper():
    global calls, scale
    calls += 1
    scale *= 0.5
    return step


def train(w, n):
    step = 0
    loss = None
    while step < n:
        loss = (w - 3).pow(2) * scale
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
        step += 1
        print(step, helper(), calls, scale, loss.item())
    return step


w = torch.tensor(0.0, requires_grad=True)
print("returned", train(w, 3), step, calls, scale)
print("again", train(w, 2), step, calls)
