# line 6: async
import asyncio
import torch


async def main():
    w = torch.ones(1, requires_grad=True)
    for x in (1.0, 2.0, 3.0):
        loss = ((w * x - 2 * x) ** 2).sum()
        loss.backward()
        w.data -= 0.01 * w.grad
        w.grad = None
        await asyncio.sleep(0)
        print(loss.item())


asyncio.run(main())
