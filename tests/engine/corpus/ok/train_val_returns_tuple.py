# style: kaggle: train_fn and valid_fn return (loss, score), run_training() collects a history of dicts, seed_everything
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def seed_everything(seed=42):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class TabularDataset(Dataset):
    def __init__(self, features, targets=None):
        self.features, self.targets = features, targets

    def __len__(self):
        return self.features.shape[0]

    def __getitem__(self, idx):
        dct = {"x": torch.tensor(self.features[idx], dtype=torch.float)}
        if self.targets is not None:
            dct["y"] = torch.tensor(self.targets[idx], dtype=torch.float)
        return dct


def train_fn(model, optimizer, scheduler, loss_fn, dataloader, device):
    model.train()
    final_loss = 0

    for data in dataloader:
        optimizer.zero_grad()
        inputs, targets = data["x"].to(device), data["y"].to(device)
        outputs = model(inputs)
        loss = loss_fn(outputs, targets)
        loss.backward()
        optimizer.step()
        scheduler.step()

        final_loss += loss.item()

    final_loss /= len(dataloader)
    return final_loss


def valid_fn(model, loss_fn, dataloader, device):
    model.eval()
    final_loss, preds = 0, []
    for data in dataloader:
        inputs, targets = data["x"].to(device), data["y"].to(device)
        outputs = model(inputs)
        final_loss += loss_fn(outputs, targets).item()
        preds.append(outputs.sigmoid().detach().cpu().numpy())
    return final_loss / len(dataloader), np.concatenate(preds)


def run_training(fold, seed, epochs=2):
    seed_everything(seed)
    X = np.random.rand(16, 4)
    y = (X[:, :1] > 0.5).astype(float)
    trn, val = np.arange(16) % 4 != fold, np.arange(16) % 4 == fold
    trainloader = DataLoader(TabularDataset(X[trn], y[trn]), batch_size=4, shuffle=True)
    validloader = DataLoader(TabularDataset(X[val], y[val]), batch_size=4)
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.1), nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-5)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-1, total_steps=epochs * len(trainloader))
    loss_fn = nn.BCEWithLogitsLoss()
    oof = np.zeros((16, 1))
    best_loss = np.inf
    for epoch in range(epochs):
        train_loss = train_fn(model, optimizer, scheduler, loss_fn, trainloader, "cpu")
        print(f"FOLD: {fold}, EPOCH: {epoch}, train_loss: {train_loss}")
        valid_loss, valid_preds = valid_fn(model, loss_fn, validloader, "cpu")
        print(f"FOLD: {fold}, EPOCH: {epoch}, valid_loss: {valid_loss}")
        if valid_loss < best_loss:
            best_loss = valid_loss
            oof[val] = valid_preds
    return oof


def run_k_fold(n, seed):
    oof = np.zeros((16, 1))
    for fold in range(n):
        oof_ = run_training(fold, seed)
        oof += oof_
    return oof


print(run_k_fold(2, 7).ravel().round(4))
