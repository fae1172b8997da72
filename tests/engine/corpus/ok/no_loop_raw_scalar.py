# style: no loop: a scalar chain by hand, update in no_grad, zero, nothing more
import torch

x = torch.tensor(1.0)
y = torch.tensor(2.0)
w = torch.tensor(1.0, requires_grad=True)

y_hat = w * x
s = y_hat - y
loss = s**2
print(loss)

loss.backward()
print(w.grad)

with torch.no_grad():
    w -= 0.01 * w.grad
w.grad.zero_()
print(w, w.grad)
