# style: sys.stdout replaced by a Tee class that counts and forwards, put back at the end; print(end=""), sys.stdout.write
import sys

import torch


class Tee:
    def __init__(self, stream):
        self.stream = stream
        self.lines = 0

    def write(self, text):
        self.lines += text.count("\n")
        return self.stream.write(text)

    def flush(self):
        self.stream.flush()


original = sys.stdout
sys.stdout = Tee(original)
w = torch.tensor([1.0, 2.0], requires_grad=True)
for epoch in range(2):
    print("epoch", epoch, end=": ")
    for x in (1.0, -1.0):
        loss = (w * x).sum() ** 2
        loss.backward()
        print(f"{loss.item():.4f}", end=" ", flush=True)
        w.data -= 0.1 * w.grad
        w.grad = None
    sys.stdout.write("\n")
lines = sys.stdout.lines
sys.stdout = original
print("lines", lines)
