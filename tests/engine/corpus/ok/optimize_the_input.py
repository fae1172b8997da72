# style: the input is what is optimised (style transfer, deep dream): optimizer over [image], clamp_ after the step
import torch
from torch import nn

torch.manual_seed(0)
features = nn.Conv2d(1, 2, 3, padding=1).requires_grad_(False)
content = torch.rand(1, 1, 5, 5)
style = torch.rand(1, 1, 5, 5)
target = content.clone().requires_grad_(True)
optimizer = torch.optim.Adam([target], lr=0.05, betas=[0.5, 0.999])


def gram(t):
    t = t.flatten(2)[0]
    return t @ t.t()


for step in range(5):
    content_loss = (features(target) - features(content)).pow(2).mean()
    style_loss = (gram(features(target)) - gram(features(style))).pow(2).mean() / 100
    loss = content_loss + 10 * style_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        target.clamp_(0, 1)
    print("Step [{}/5], Content Loss: {:.6f}, Style Loss: {:.6f}".format(step + 1, content_loss.item(), style_loss.item()))
print(target.mean())
