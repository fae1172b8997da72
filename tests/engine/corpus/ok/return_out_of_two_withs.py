# style: return from inside two nested context managers
import torch, contextlib
@contextlib.contextmanager
def c(n):
    print("in", n); 
    try: yield n
    finally: print("out", n)
w = torch.ones(1, requires_grad=True)
def train():
    with c("a"):
        for i in range(3):
            with c(i):
                loss = (w * 2).sum()
                loss.backward()
                w.data -= .1 * w.grad
                w.grad = None
                if i == 1:
                    return [i for i in range(2)], loss.item()
print(train())
