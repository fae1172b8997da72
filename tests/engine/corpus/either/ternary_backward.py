# style: scaler.scale(loss).backward() if amp else loss.backward(), short-circuit `loss.requires_grad and loss.backward()`
import torch

scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
w = torch.tensor(2.0, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for i in range(4):
    amp = bool(i % 2)
    loss = (w - 1) ** 2
    opt.zero_grad()
    scaler.scale(loss).backward() if amp else loss.backward()
    (scaler.step(opt), scaler.update()) if amp else opt.step()
    extra = w * 2
    extra.requires_grad and extra.backward()
    print(i, amp, loss.item(), w.grad.item())
