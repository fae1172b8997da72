# style: an iterator that prints in __iter__ and __next__
import torch
class It:
    def __iter__(self): print("iter"); self.k = 0; return self
    def __next__(self):
        print("next", self.k); self.k += 1
        if self.k > 3: print("stop"); raise StopIteration
        return self.k
    def __len__(self): return 3
w = torch.ones(1, requires_grad=True)
for e in range(2):
    for x in It():
        print("body")
        loss = (w * x).sum()
        loss.backward()
        print("b")
        w.data -= .1 * w.grad
        w.grad = None
    print("epoch end")
