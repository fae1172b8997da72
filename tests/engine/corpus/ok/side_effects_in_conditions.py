# style: conditions with side effects are evaluated exactly once: while head, if around the update, elif
import torch

counts = {"more": 0, "due": 0}
w = torch.tensor(2.0, requires_grad=True)


def more():
    counts["more"] += 1
    print("more?", counts["more"])
    return counts["more"] <= 5


def due():
    counts["due"] += 1
    print("due?", counts["due"])
    return counts["due"] % 3 != 0


while more():
    loss = (w - 1) ** 2
    loss.backward()
    if due():
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    elif due():
        print("another")
    print(loss.item(), w.item(), w.grad)
print(counts)
