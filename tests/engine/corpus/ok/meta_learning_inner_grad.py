# style: MAML: inner step by autograd.grad(create_graph=True), outer meta loss .backward() and step
import torch

torch.manual_seed(0)
theta = torch.zeros(2, requires_grad=True)
meta_opt = torch.optim.Adam([theta], lr=0.1)


def net(params, x):
    return params[0] * x + params[1]


for it in range(3):
    meta_loss = 0.0
    meta_opt.zero_grad()
    for task in range(2):
        a = torch.rand(())
        x = torch.randn(4)
        inner = ((net(theta, x) - a * x) ** 2).mean()
        (grad,) = torch.autograd.grad(inner, theta, create_graph=True)
        fast = theta - 0.1 * grad
        meta_loss = meta_loss + ((net(fast, x) - a * x) ** 2).mean()
    meta_loss.backward()
    meta_opt.step()
    print(it, meta_loss.item(), theta.tolist())
