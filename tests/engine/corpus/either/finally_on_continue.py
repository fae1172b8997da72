# style: except/else/finally around the phases, left by `continue`
import torch
w = torch.ones(1, requires_grad=True)
for i in range(3):
    try:
        if i == 1:
            raise ValueError("bad")
        loss = (w * i).sum()
        loss.backward()
        w.data -= .1 * w.grad
        w.grad = None
    except ValueError as e:
        print("caught", e)
        continue
    else:
        print("fine", i)
    finally:
        print("finally", i)
    print("end", i, loss.item())
print("e" in globals())
