# style: adversarial training: a first backward for the input's gradient, then the training backward on x + eps * sign
import torch
import torch.nn.functional as F

torch.manual_seed(0)
model = torch.nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loader = [(torch.rand(5, 4), torch.randint(0, 3, (5,))) for _ in range(2)]
epsilon = 0.05

for epoch in range(2):
    for data, target in loader:
        data.requires_grad = True
        loss = F.cross_entropy(model(data), target)
        model.zero_grad()
        loss.backward()
        data_grad = data.grad.data
        perturbed = torch.clamp(data + epsilon * data_grad.sign(), 0, 1).detach()
        data.grad = None
        optimizer.zero_grad()
        adv_loss = F.cross_entropy(model(perturbed), target)
        adv_loss.backward()
        optimizer.step()
        print(epoch, "clean", loss.item(), "adversarial", adv_loss.item())
