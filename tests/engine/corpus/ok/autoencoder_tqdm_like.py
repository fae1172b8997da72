# style: autoencoder with an own progress-bar generator around enumerate, in-place stderr line
import sys

import torch
from torch import nn


def progress(iterable, total=None, desc=""):
    total = total if total is not None else len(iterable)
    for k, each in enumerate(iterable, 1):
        yield each
        sys.stderr.write(f"\r{desc} {k}/{total}")
    sys.stderr.write("\n")


torch.manual_seed(0)
encoder = nn.Sequential(nn.Linear(8, 3), nn.ReLU(True))
decoder = nn.Sequential(nn.Linear(3, 8), nn.Sigmoid())
autoencoder = nn.Sequential(encoder, decoder)
optimizer = torch.optim.Adam(autoencoder.parameters(), lr=0.01)
images = torch.rand(12, 2, 4)

for epoch in range(2):
    running = []
    for i, img in progress(enumerate(images.split(4)), total=3, desc=f"epoch {epoch}"):
        img = img.view(img.size(0), -1)
        output = autoencoder(img)
        loss = nn.functional.mse_loss(output, img)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running.append(loss.item())
    print("epoch [{}/{}], loss:{:.4f}".format(epoch + 1, 2, sum(running) / len(running)))
