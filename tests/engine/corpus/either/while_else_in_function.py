# style: while … else in a function, called twice in one print
import torch
w = torch.ones(1, requires_grad=True)
def train(stop):
    i = -1
    while (i := i + 1) < 4:
        loss = (w * 2).sum()
        loss.backward()
        w.data -= .1 * w.grad
        w.grad = None
        if i == stop:
            result = "broke"
            break
    else:
        result = "ran out"
    return result, i
print(train(2), train(9))
