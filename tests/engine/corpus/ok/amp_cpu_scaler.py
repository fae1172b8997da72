# style: AMP on the CPU: autocast around the forward, GradScaler with unscale_ and clipping
import torch
from torch import nn

torch.manual_seed(0)
use_amp = True
net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()
scaler = torch.amp.GradScaler("cpu", enabled=use_amp, init_scale=128.0)
data = [torch.randn(4, 6) for _ in range(3)]
targets = [torch.randint(0, 3, (4,)) for _ in range(3)]

for epoch in range(2):
    for input, target in zip(data, targets):
        with torch.autocast(device_type="cpu", dtype=torch.bfloat16, enabled=use_amp):
            output = net(input)
            loss = loss_fn(output.float(), target)
        scaler.scale(loss).backward()

        scaler.unscale_(opt)
        torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=0.5)

        scaler.step(opt)
        scaler.update()
        opt.zero_grad()
        print(epoch, loss.item(), scaler.get_scale())
