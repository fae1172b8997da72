# style: word language model example: try/except KeyboardInterrupt around the epochs, lr annealed by hand, train() with globals
import math

import torch
import torch.nn as nn

torch.manual_seed(1111)
ntokens = 7
corpus = torch.randint(0, ntokens, (30,))
val = torch.randint(0, ntokens, (12,))
model = nn.Sequential(nn.Embedding(ntokens, 4), nn.Dropout(0.2), nn.Linear(4, ntokens))
criterion = nn.CrossEntropyLoss()
bptt, clip, log_interval = 6, 0.25, 2


def get_batch(source, i):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i : i + seq_len], source[i + 1 : i + 1 + seq_len].view(-1)


def evaluate(data_source):
    model.eval()
    total_loss = 0.0
    with torch.no_grad():
        for i in range(0, data_source.size(0) - 1, bptt):
            data, targets = get_batch(data_source, i)
            total_loss += len(data) * criterion(model(data), targets).item()
    return total_loss / (len(data_source) - 1)


def train():
    model.train()
    total_loss = 0.0
    for batch, i in enumerate(range(0, corpus.size(0) - 1, bptt)):
        data, targets = get_batch(corpus, i)
        model.zero_grad()
        output = model(data)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        total_loss += loss.item()
        if batch % log_interval == 0 and batch > 0:
            cur_loss = total_loss / log_interval
            print("| epoch {:3d} | {:2d} batches | lr {:02.2f} | loss {:5.2f} | ppl {:8.2f}".format(
                epoch, batch, lr, cur_loss, math.exp(cur_loss)))
            total_loss = 0


lr = 20
best_val_loss = None
try:
    for epoch in range(1, 4):
        train()
        val_loss = evaluate(val)
        print("-" * 40)
        print("| end of epoch {:3d} | valid loss {:5.2f}".format(epoch, val_loss))
        print("-" * 40)
        if not best_val_loss or val_loss < best_val_loss:
            best_val_loss = val_loss
        else:
            # Anneal the learning rate if no improvement has been seen
            lr /= 4.0
except KeyboardInterrupt:
    print("-" * 40)
    print("Exiting from training early")
print("final lr", lr, best_val_loss)
