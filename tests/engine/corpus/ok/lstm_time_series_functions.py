# style: time series: create_dataset, train and evaluate functions, main() returns the history, nested in two calls
import math

import torch
from torch import nn


class Forecaster(nn.Module):
    def __init__(self, hidden=4):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.out(h[:, -1])


def create_dataset(series, lookback):
    xs = [series[i : i + lookback] for i in range(len(series) - lookback)]
    return torch.stack(xs).unsqueeze(-1), series[lookback:].unsqueeze(-1)


def train(model, x, y, epochs, batch_size=8):
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    hist = []
    for epoch in range(1, epochs + 1):
        model.train()
        epoch_loss = 0.0
        for start in range(0, len(x), batch_size):
            out = model(x[start : start + batch_size])
            loss = criterion(out, y[start : start + batch_size])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            epoch_loss += loss.item()
        hist.append(epoch_loss)
        if epoch % 1 == 0:
            print(f"Epoch {epoch}, train loss {epoch_loss:.5f}")
    return hist


def main():
    torch.manual_seed(0)
    series = torch.tensor([math.sin(0.4 * i) for i in range(22)])
    x, y = create_dataset(series, 4)
    model = Forecaster()
    hist = train(model, x, y, epochs=2)
    model.eval()
    with torch.no_grad():
        print("test", nn.functional.mse_loss(model(x), y).item())
    return hist


print(main())
