# style: GCN example: train(epoch) with the whole graph as one batch, masks, validation inside, then test()
import argparse
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--fastmode", action="store_true", default=False)
parser.add_argument("--epochs", type=int, default=4)
args = parser.parse_args()
torch.manual_seed(42)
adj = torch.eye(8) + torch.diag(torch.ones(7), 1) + torch.diag(torch.ones(7), -1)
adj = adj / adj.sum(1, keepdim=True)
features = torch.randn(8, 5)
labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
idx_train, idx_val, idx_test = torch.tensor([0, 1, 6, 7]), torch.tensor([2, 5]), torch.tensor([3, 4])


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(nfeat, nhid) * 0.3)
        self.w2 = nn.Parameter(torch.randn(nhid, nclass) * 0.3)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(adj @ (x @ self.w1))
        x = F.dropout(x, self.dropout, training=self.training)
        return F.log_softmax(adj @ (x @ self.w2), dim=1)


def accuracy(output, labels):
    return output.argmax(1).eq(labels).double().mean()


model = GCN(5, 6, 2, 0.3)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=5e-4)


def train(epoch):
    t = time.time()
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    acc_train = accuracy(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()

    if not args.fastmode:
        # deactivates dropout during the validation run
        model.eval()
        output = model(features, adj)

    loss_val = F.nll_loss(output[idx_val], labels[idx_val])
    acc_val = accuracy(output[idx_val], labels[idx_val])
    assert time.time() >= t
    print(
        "Epoch: {:04d}".format(epoch + 1),
        "loss_train: {:.4f}".format(loss_train.item()),
        "acc_train: {:.4f}".format(acc_train.item()),
        "loss_val: {:.4f}".format(loss_val.item()),
        "acc_val: {:.4f}".format(acc_val.item()),
    )


def test():
    model.eval()
    output = model(features, adj)
    loss_test = F.nll_loss(output[idx_test], labels[idx_test])
    print("Test set results:", "loss= {:.4f}".format(loss_test.item()))


for epoch in range(args.epochs):
    train(epoch)
print("Optimization Finished!")
test()
