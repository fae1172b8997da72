# style: the loop runs while a class body is executed
import torch

w = torch.tensor(2.0, requires_grad=True)


class Experiment:
    losses = []
    for step in range(3):
        loss = (w - 1) ** 2
        loss.backward()
        w.data -= 0.1 * w.grad
        w.grad = None
        losses.append(loss.item())


print(Experiment.losses, Experiment.step)
