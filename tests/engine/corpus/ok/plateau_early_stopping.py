# style: ReduceLROnPlateau(val_loss), an EarlyStopping class, break out of the epochs
import torch
import torch.nn as nn

torch.manual_seed(1)


class EarlyStopping:
    def __init__(self, patience=2, delta=0.01):
        self.patience = patience
        self.delta = delta
        self.best = None
        self.counter = 0
        self.early_stop = False

    def __call__(self, val_loss):
        if self.best is None or val_loss < self.best - self.delta:
            self.best = val_loss
            self.counter = 0
        else:
            self.counter += 1
            print(f"EarlyStopping counter: {self.counter} out of {self.patience}")
            if self.counter >= self.patience:
                self.early_stop = True


x_train, x_val = torch.randn(12, 3), torch.randn(6, 3)
y_train, y_val = x_train.mean(1, keepdim=True), torch.randn(6, 1)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
early_stopping = EarlyStopping()

for epoch in range(20):
    model.train()
    for i in range(0, len(x_train), 4):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x_train[i : i + 4]), y_train[i : i + 4])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = nn.functional.mse_loss(model(x_val), y_val).item()
    scheduler.step(val_loss)
    print(epoch, f"{loss.item():.5f}", f"{val_loss:.5f}", optimizer.param_groups[0]["lr"])
    early_stopping(val_loss)
    if early_stopping.early_stop:
        print("Early stopping")
        break
print("best", early_stopping.best)
