# style: WGAN-GP gradient penalty: autograd.grad inside a function of the forward, critic updated every turn, generator every second
import torch
from torch import nn

torch.manual_seed(0)
D, G = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)), nn.Linear(2, 2)
opt_d = torch.optim.Adam(D.parameters(), lr=0.01, betas=(0.0, 0.9))
opt_g = torch.optim.Adam(G.parameters(), lr=0.01, betas=(0.0, 0.9))


def compute_gradient_penalty(D, real, fake):
    alpha = torch.rand(real.size(0), 1)
    mix = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    out = D(mix)
    grads = torch.autograd.grad(out, mix, grad_outputs=torch.ones_like(out), create_graph=True, retain_graph=True)[0]
    return ((grads.norm(2, dim=1) - 1) ** 2).mean()


for i in range(4):
    real = torch.randn(5, 2) + 1
    opt_d.zero_grad()
    z = torch.randn(5, 2)
    fake = G(z)
    gp = compute_gradient_penalty(D, real.data, fake.data)
    d_loss = -D(real).mean() + D(fake).mean() + 10 * gp
    d_loss.backward()
    opt_d.step()

    opt_g.zero_grad()
    if i % 2 == 0:
        fake = G(z)
        g_loss = -D(fake).mean()
        g_loss.backward()
        opt_g.step()
        print(f"[{i}] D {d_loss.item():.5f} G {g_loss.item():.5f} gp {gp.item():.5f}")
