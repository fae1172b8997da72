# style: class-level hyperparameters, lr decayed by hand over param_groups, del of the batch, np.random in the loop
import random

import numpy as np
import torch
import torch.nn.functional as F


class CFG:
    seed = 2021
    lr = 0.1
    n_epochs = 3
    decay = 0.9
    mixup = True


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


seed_everything(CFG.seed)
train_x, train_y = np.random.rand(12, 3).astype(np.float32), np.random.randint(0, 2, 12)
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=CFG.lr)
best_score = 0.0

for epoch in range(CFG.n_epochs):
    order = np.random.permutation(len(train_x))
    avg_loss = 0.0
    for b in range(0, len(order), 4):
        idx = order[b : b + 4]
        xb = torch.tensor(train_x[idx])
        yb = torch.tensor(train_y[idx])
        if CFG.mixup and np.random.rand() < 0.5:
            lam = np.random.beta(0.4, 0.4)
            rnd = torch.randperm(xb.size(0))
            pred = model(lam * xb + (1 - lam) * xb[rnd])
            loss = lam * F.cross_entropy(pred, yb) + (1 - lam) * F.cross_entropy(pred, yb[rnd])
        else:
            pred = model(xb)
            loss = F.cross_entropy(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        avg_loss += loss.item() / 3
        del xb, yb, pred, loss
    for g in optimizer.param_groups:
        g["lr"] *= CFG.decay
    score = random.random()
    if score > best_score:
        best_score = score
        print("saving the best model", best_score)
    print(f"Epoch {epoch + 1} - avg_train_loss: {avg_loss:.4f} lr: {optimizer.param_groups[0]['lr']:.4f}")
