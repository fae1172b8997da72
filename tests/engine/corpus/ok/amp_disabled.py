# style: AMP recipe with everything behind use_amp=False, zero_grad(set_to_none=True) last
import torch

torch.manual_seed(0)
use_amp = False
device = "cpu"
net = torch.nn.Linear(4, 4)
opt = torch.optim.SGD(net.parameters(), lr=0.001)
scaler = torch.amp.GradScaler(device, enabled=use_amp)
batches = [(torch.randn(2, 4), torch.randn(2, 4)) for _ in range(4)]

for epoch in range(2):
    for input, target in batches:
        with torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=use_amp):
            output = net(input)
            loss = torch.nn.functional.mse_loss(output, target)
        scaler.scale(loss).backward()
        scaler.step(opt)
        scaler.update()
        opt.zero_grad(set_to_none=True)
    print(f"{epoch=} {loss.item()=}")
