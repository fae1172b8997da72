# style: a loop on one physical line; a zeroing `if` on one line; trailing comments and strings that look like code
import torch
w = torch.ones(2, requires_grad=True)
"""loss.backward() in a string is no backward"""
for i in range(4): l = (w * torch.tensor([i, 1.0])).pow(2).sum(); l.backward(); w.data.sub_(.1 * w.grad); w.grad = None if i % 2 else w.grad.zero_(); print(i, l.item(), w.tolist(), "l.backward()")  # w.grad.zero_()
print("end", w.grad)
