# style: contextlib.redirect_stdout around the batches of an epoch, the captured text is printed afterwards
import contextlib
import io

import torch

w = torch.tensor(3.0, requires_grad=True)
for epoch in range(2):
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        for x in (1.0, 2.0):
            loss = (w * x) ** 2
            loss.backward()
            print("inside", x, loss.item())
            w.data -= 0.05 * w.grad
            w.grad.zero_()
    print("epoch", epoch, repr(buffer.getvalue()))
