# style: warnings.warn in the loop, shown with file and line by an own showwarning
import torch, warnings
warnings.simplefilter("always", UserWarning)
def show(message, category, filename, lineno, file=None, line=None): print("warn", message, lineno, filename.rpartition("/")[2])
warnings.showwarning = show
w = torch.ones(1, requires_grad=True)
for i in range(2):
    loss = (w * 2).sum()
    loss.backward()
    warnings.warn("hey")
    w.data -= .1 * w.grad
    w.grad = None
