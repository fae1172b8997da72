# style: train is defined under if/else, twice; the second definition wins
import torch

fast = True
w = torch.tensor(2.0, requires_grad=True)

if fast:

    def train(n):
        for _ in range(n):
            loss = (w - 1) ** 2
            loss.backward()
            w.data -= 0.4 * w.grad
            w.grad = None
        return loss.item()

else:

    def train(n):
        for _ in range(n):
            loss = (w - 1) ** 2
            loss.backward()
            w.data -= 0.1 * w.grad
            w.grad = None
        return loss.item()


print(train(3), w.item())
