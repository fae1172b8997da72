# style: distillation: a frozen teacher under no_grad inside the forward, temperature, cosine schedule, swa-like average
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
teacher = nn.Linear(4, 3).eval()
student = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 3))
optimizer = torch.optim.SGD(student.parameters(), lr=0.2, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
averaged = torch.optim.swa_utils.AveragedModel(student)
T, alpha = 2.0, 0.7
loader = [(torch.randn(4, 4), torch.randint(0, 3, (4,))) for _ in range(2)]

for epoch in range(2):
    for x, y in loader:
        with torch.no_grad():
            soft = F.softmax(teacher(x) / T, dim=1)
        logits = student(x)
        kd = F.kl_div(F.log_softmax(logits / T, dim=1), soft, reduction="batchmean") * T * T
        ce = F.cross_entropy(logits, y)
        loss = alpha * kd + (1 - alpha) * ce
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        averaged.update_parameters(student)
        print(epoch, f"{kd.item():.5f} {ce.item():.5f}", scheduler.get_last_lr()[0])
print(next(averaged.parameters()).sum().item())
