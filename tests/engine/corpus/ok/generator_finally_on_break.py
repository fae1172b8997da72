# style: the data generator prints when it loads, and when it is closed by a break
import torch


def stream(n):
    try:
        for i in range(n):
            print(f"    load {i}")
            yield torch.tensor([float(i), 1.0])
    finally:
        print("    closed")


w = torch.zeros(2, requires_grad=True)
for epoch in range(2):
    for i, x in enumerate(stream(5)):
        loss = ((w * x).sum() - 1) ** 2
        loss.backward()
        w.data -= 0.1 * w.grad
        w.grad = None
        print("  sample", i, loss.item())
        if i == 1 + epoch:
            break
    print("epoch", epoch, "ends")
print(w.tolist())
