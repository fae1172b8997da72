# style: k-fold: an outer loop over folds builds the model, epochs and batches inside it, scores collected
import numpy as np
import torch
from torch import nn

np.random.seed(3)
X = np.random.randn(12, 3).astype("float32")
y = (X @ np.array([1.0, -1.0, 0.5], dtype="float32"))[:, None]
k = 3
folds = np.array_split(np.random.permutation(len(X)), k)
scores = []

for fold in range(k):
    print(f"FOLD {fold}")
    torch.manual_seed(fold)
    val_idx = folds[fold]
    trn_idx = np.concatenate([folds[j] for j in range(k) if j != fold])
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for epoch in range(2):
        for start in range(0, len(trn_idx), 4):
            idx = trn_idx[start : start + 4]
            xb = torch.from_numpy(X[idx])
            yb = torch.from_numpy(y[idx])
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(xb), yb)
            loss.backward()
            optimizer.step()
        print("  epoch", epoch, loss.item())
    with torch.no_grad():
        val = nn.functional.mse_loss(model(torch.from_numpy(X[val_idx])), torch.from_numpy(y[val_idx]))
    scores.append(val.item())
    print("  val", val.item())
print("mean", np.mean(scores), "std", np.std(scores))
