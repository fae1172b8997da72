# style: GAN: two optimizers, d_loss from real and fake.detach(), then g_loss, two updates a turn
import torch
import torch.nn as nn

torch.manual_seed(0)
latent_size = 4
G = nn.Sequential(nn.Linear(latent_size, 8), nn.ReLU(), nn.Linear(8, 2))
D = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid())
criterion = nn.BCELoss()
d_optimizer = torch.optim.Adam(D.parameters(), lr=0.01)
g_optimizer = torch.optim.Adam(G.parameters(), lr=0.01)


def reset_grad():
    d_optimizer.zero_grad()
    g_optimizer.zero_grad()


reals = [torch.randn(6, 2) + 3 for _ in range(3)]
for epoch in range(2):
    for i, real in enumerate(reals):
        real_labels = torch.ones(6, 1)
        fake_labels = torch.zeros(6, 1)

        # Train the discriminator
        outputs = D(real)
        d_loss_real = criterion(outputs, real_labels)
        real_score = outputs
        z = torch.randn(6, latent_size)
        fake_images = G(z)
        outputs = D(fake_images.detach())
        d_loss_fake = criterion(outputs, fake_labels)
        fake_score = outputs
        d_loss = d_loss_real + d_loss_fake
        reset_grad()
        d_loss.backward()
        d_optimizer.step()

        # Train the generator
        z = torch.randn(6, latent_size)
        fake_images = G(z)
        outputs = D(fake_images)
        g_loss = criterion(outputs, real_labels)
        reset_grad()
        g_loss.backward()
        g_optimizer.step()

        print(
            "Epoch [{}/2], Step [{}], d_loss: {:.4f}, g_loss: {:.4f}, D(x): {:.2f}, D(G(z)): {:.2f}".format(
                epoch, i + 1, d_loss.item(), g_loss.item(), real_score.mean().item(), fake_score.mean().item()
            )
        )
