# style: a custom exception raised in the loop of train() stops the training and is caught by the caller
import torch


class TargetReached(Exception):
    def __init__(self, epoch, loss):
        super().__init__(f"epoch {epoch}: {loss:.4f}")
        self.epoch = epoch


def train(w, data):
    for epoch in range(50):
        for x, y in data:
            loss = (w * x - y) ** 2
            loss.backward()
            w.data -= 0.05 * w.grad
            w.grad.zero_()
        print(epoch, loss.item())
        if loss.item() < 0.05:
            raise TargetReached(epoch, loss.item())


w = torch.tensor(0.0, requires_grad=True)
try:
    train(w, [(1.0, 2.0), (2.0, 4.0)])
except TargetReached as reached:
    print("stopped:", reached, reached.epoch)
finally:
    print("w", w.item())
