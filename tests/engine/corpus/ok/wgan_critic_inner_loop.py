# style: WGAN: an inner `for _ in range(n_critic)` loop for the critic with weight clamping, then one generator step
# params: critic.0.weight critic.0.bias critic.2.weight critic.2.bias gen.weight gen.bias
import torch
from torch import nn, optim

torch.manual_seed(0)
critic = nn.Sequential(nn.Linear(1, 4), nn.LeakyReLU(), nn.Linear(4, 1))
gen = nn.Linear(2, 1)
opt_c = optim.RMSprop(critic.parameters(), lr=5e-3)
opt_g = optim.RMSprop(gen.parameters(), lr=5e-3)
real_batches = torch.randn(3, 6, 1) * 0.5 + 2
n_critic, clip = 2, 0.1

for epoch in range(2):
    for batch_idx, real in enumerate(real_batches):
        for _ in range(n_critic):
            fake = gen(torch.randn(6, 2))
            loss_critic = -(critic(real).mean() - critic(fake.detach()).mean())
            critic.zero_grad()
            loss_critic.backward()
            opt_c.step()
            for p in critic.parameters():
                p.data.clamp_(-clip, clip)

        loss_gen = -critic(gen(torch.randn(6, 2))).mean()
        gen.zero_grad()
        loss_gen.backward()
        opt_g.step()
        print(f"[{epoch}/{batch_idx}] C {loss_critic.item():.6f} G {loss_gen.item():.6f}")
