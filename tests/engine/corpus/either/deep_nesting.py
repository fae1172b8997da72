# style: loops, if, with, while True and try/finally nested seven deep
import torch
w = torch.ones(1, requires_grad=True)
for a in range(2):
    for b in range(2):
        if b or a:
            with torch.enable_grad():
                for c in range(2):
                    while True:
                        try:
                            loss = (w * (a + b + c + 1)).sum()
                            loss.backward()
                            if c: break
                            print("c0", a, b)
                            break
                        finally:
                            w.data -= .01 * w.grad
                            w.grad = None
                    print(a, b, c, loss.item())
