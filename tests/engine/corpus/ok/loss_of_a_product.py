# style: a product goes backward in a bare loop, without a name
# phases: forward backward
import torch
w=torch.ones(1,requires_grad=True)
for x in [1.0,2.0]:
    (w * x).backward()
    print(w.grad)
