# style: the call that trains behind `and` and between other calls
import torch
w = torch.ones(1, requires_grad=True)
def step(x):
    loss = (w * x).sum()
    loss.backward()
    w.data -= .1 * w.grad
    w.grad = None
    return loss.item()
def say(x): print("say", x); return x
for i in range(3):
    r = say(i) and step(i)
    q = say("before") + str(step(i)) + say("after")
    print(r, q)
