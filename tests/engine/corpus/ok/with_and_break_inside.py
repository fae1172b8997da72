# style: break and continue from inside `with` and try/finally, a suppressing context manager in the loop
import contextlib

import torch


@contextlib.contextmanager
def section(name):
    print("<", name)
    try:
        yield
    finally:
        print(">", name)


w = torch.tensor([1.0], requires_grad=True)
for epoch in range(3):
    for x in (1.0, 0.0, 2.0, 3.0):
        with section(f"{epoch}:{x}"):
            if x == 0.0:
                continue
            loss = (w * x - 1).pow(2).sum()
            if epoch == 1 and x == 2.0:
                break
            loss.backward()
            with torch.no_grad():
                w -= 0.05 * w.grad
            w.grad = None
        print("after", x, loss.item())
    with contextlib.suppress(ZeroDivisionError):
        print("epoch", epoch, 1 / (epoch - 2))
print(w)
