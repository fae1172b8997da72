# style: a context manager of the loop suppresses what the forward raises
import torch
class Ctx:
    def __init__(self, n): self.n = n
    def __enter__(self): print("enter", self.n); return self
    def __exit__(self, t, v, tb): print("exit", self.n, t and t.__name__, v); return t is ValueError
w = torch.ones(1, requires_grad=True)
with Ctx("outer") as o:
    for i in range(3):
        with Ctx(i) as c, Ctx("x") as d:
            loss = (w * i).sum()
            loss.backward()
            if i == 1:
                raise ValueError("suppressed")
            w.data -= .1 * w.grad
            w.grad = None
            print("in", c.n, d.n, o.n)
        print("after", i, w.grad)
