# style: a loop that updates and zeroes, where the update of one parameter reads another's gradient
import torch
w = torch.ones(1, requires_grad=True); b = torch.ones(1, requires_grad=True)
ps = [w, b]
for i in range(3):
    loss = (w * 2 + b).sum() ** 2
    loss.backward()
    with torch.no_grad():
        for p in ps:
            p -= 0.01 * (w.grad if p is b else p.grad)
            p.grad.zero_()
    print(i, w.item(), b.item())
