# style: prints between update and zero under one if with a walrus
import torch
w = torch.ones(1, requires_grad=True)
def check(s): print("check", s); return True
for i in range(2):
    loss = (w * 2).sum()
    loss.backward()
    if check("a") and (n := i + 1) and check("b"):
        print("pre")
        w.data -= .1 * w.grad
        print("mid")
        w.grad = None
        print("post", n)
    else:
        print("never")
