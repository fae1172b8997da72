# style: while epoch < n and not converged, with a while over the batches inside
import torch

torch.manual_seed(0)
X = torch.randn(10, 2)
Y = X.mv(torch.tensor([0.5, -0.5]))
w = torch.zeros(2, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.2)
epoch, converged, last = 0, False, None

while epoch < 10 and not converged:
    i = 0
    total = 0.0
    while i < len(X):
        xb, yb = X[i : i + 4], Y[i : i + 4]
        opt.zero_grad()
        loss = (xb.mv(w) - yb).pow(2).mean()
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
        i += 4
    print(epoch, total, w.tolist())
    converged = last is not None and abs(last - total) < 0.05
    last = total
    epoch += 1
print("converged" if converged else "stopped", "after", epoch)
