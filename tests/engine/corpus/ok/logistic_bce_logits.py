# style: logistic regression with BCEWithLogitsLoss, model returned by a function, accuracy by comprehension
import torch


def make_model(n_in):
    return torch.nn.Linear(n_in, 1)


torch.manual_seed(21)
X = torch.cat([torch.randn(10, 2) - 1, torch.randn(10, 2) + 1])
y = torch.cat([torch.zeros(10), torch.ones(10)])
model = make_model(2)
bce = torch.nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(params=model.parameters(), lr=0.5, nesterov=True, momentum=0.9)

for epoch in range(5):
    optimizer.zero_grad()
    logits = model(X).squeeze(1)
    loss = bce(logits, y)
    loss.backward()
    optimizer.step()
    with torch.inference_mode():
        probs = torch.sigmoid(model(X)).squeeze(1)
        hits = [int((p > 0.5) == bool(t)) for p, t in zip(probs, y)]
    print("epoch", epoch, "loss", loss.detach().numpy(), "accuracy", sum(hits) / len(hits))
