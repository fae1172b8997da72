# style: the training function returns early, out of both loops, when the target is reached
import torch


def train(w, samples, target):
    history = []
    for epoch in range(20):
        for i, (x, y) in enumerate(samples):
            loss = (w * x - y) ** 2
            loss.backward()
            with torch.no_grad():
                w -= 0.05 * w.grad
            w.grad.zero_()
            history.append(loss.item())
            if loss.item() < target:
                print("reached at epoch", epoch, "sample", i)
                return epoch, history
        print("epoch", epoch, history[-1])
    return None, history


w = torch.tensor(0.0, requires_grad=True)
epoch, history = train(w, [(1.0, 3.0), (2.0, 6.0)], 0.5)
print(epoch, history, w)
