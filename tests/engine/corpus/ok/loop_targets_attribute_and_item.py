# style: the loop's targets are an attribute and a dict item
import torch
w = torch.ones(1, requires_grad=True)
class O: pass
o = O(); d = {}
for o.x, d["y"] in [(1, 2), (3, 4)]:
    loss = (w * o.x * d["y"]).sum()
    loss.backward()
    w.data -= .1 * w.grad
    w.grad = None
    print(o.x, d, loss.item())
