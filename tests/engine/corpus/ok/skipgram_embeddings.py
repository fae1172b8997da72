# style: skip-gram word embeddings, one pair per sample, raw embedding matrices, F.log_softmax
import torch
import torch.nn.functional as F

corpus = ["he is a king", "she is a queen", "he is a man", "she is a woman"]
tokenized = [s.split() for s in corpus]
vocabulary = []
for sentence in tokenized:
    for token in sentence:
        if token not in vocabulary:
            vocabulary.append(token)
word2idx = {w: idx for (idx, w) in enumerate(vocabulary)}
idx_pairs = []
for sentence in tokenized:
    indices = [word2idx[word] for word in sentence]
    for center in range(len(indices)):
        for w in (-1, 1):
            ctx = center + w
            if ctx < 0 or ctx >= len(indices):
                continue
            idx_pairs.append((indices[center], indices[ctx]))

torch.manual_seed(0)
embedding_dims = 3
W1 = torch.randn(embedding_dims, len(vocabulary)).float().requires_grad_(True)
W2 = torch.randn(len(vocabulary), embedding_dims).float().requires_grad_(True)
num_epochs = 2
learning_rate = 0.05

for epo in range(num_epochs):
    loss_val = 0
    for data, target in idx_pairs:
        x = torch.zeros(len(vocabulary)).float()
        x[data] = 1.0
        y_true = torch.tensor([target]).long()
        z1 = torch.matmul(W1, x)
        z2 = torch.matmul(W2, z1)
        log_softmax = F.log_softmax(z2, dim=0)
        loss = F.nll_loss(log_softmax.view(1, -1), y_true)
        loss_val += loss.item()
        loss.backward()
        W1.data -= learning_rate * W1.grad.data
        W2.data -= learning_rate * W2.grad.data

        W1.grad.data.zero_()
        W2.grad.data.zero_()
    print(f"Loss at epo {epo}: {loss_val / len(idx_pairs)}")
