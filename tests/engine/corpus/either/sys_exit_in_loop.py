# style: sys.exit() in the loop, with a finally around it
import torch, sys, atexit
w = torch.ones(1, requires_grad=True)
try:
    for i in range(3):
        loss = (w * 2).sum()
        loss.backward()
        w.data -= .1 * w.grad
        w.grad = None
        print(i)
        if i == 1:
            sys.exit()
finally:
    print("cleanup")
