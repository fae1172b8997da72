# style: the list that the loop goes over grows in the loop
import torch
w = torch.ones(1, requires_grad=True)
queue = [1, 2]
for x in queue:
    loss = (w * x).sum()
    loss.backward()
    w.data -= .1 * w.grad
    w.grad = None
    if len(queue) < 5:
        queue.append(x * 10)
    print(x, queue, loss.item())
