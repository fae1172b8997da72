# style: unicode names, comments and prints; tabs for indentation; CJK comments
import torch

θ = torch.tensor([1.0, -1.0], requires_grad=True)
η = 0.1
données = [(torch.tensor([1.0, 2.0]), 3.0), (torch.tensor([2.0, -1.0]), 0.5)]

for époque in range(2):
	for x, y in données:
		# 前向传播
		ŷ = (θ * x).sum()
		perte = (ŷ - y) ** 2
		# 反向传播
		perte.backward()
		print(f"∂L/∂θ = {θ.grad.tolist()} → loss {perte.item():.4f} 训练中…")
		# 更新参数
		with torch.no_grad():
			θ -= η * θ.grad
		# 梯度清零
		θ.grad.zero_()
	print("époque №", époque, "✓")
print(θ)
