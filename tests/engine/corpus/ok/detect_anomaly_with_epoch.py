# style: `with torch.autograd.set_detect_anomaly(True)` around the whole loop, a second `with` per epoch
import contextlib

import torch


@contextlib.contextmanager
def timer(name):
    print("begin", name)
    yield name.upper()
    print("end", name)


torch.manual_seed(0)
w = torch.randn(2, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
xs = torch.randn(3, 2)

with torch.autograd.set_detect_anomaly(True):
    for epoch in range(2):
        with timer(f"epoch {epoch}") as label:
            for x in xs:
                loss = (w * x).sum().sigmoid()
                opt.zero_grad()
                loss.backward()
                opt.step()
            print(label, loss.item(), torch.is_anomaly_enabled())
print(torch.is_anomaly_enabled(), w)
