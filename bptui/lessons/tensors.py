"""Tensors: scalar, vector, matrix, 3-d; torch.tensor and torch.Tensor; .grad from None to a tensor to a sum."""

import torch

# torch.tensor takes values: a number makes a scalar, a list a vector, lists of lists more dimensions.
scalar = torch.tensor(3.0)
vector = torch.tensor([1.0, 2.0])
matrix = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
cube = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
for each in [scalar, vector, matrix, cube]:
    print("ndim", each.ndim, "shape", tuple(each.shape), "dtype", each.dtype)

# It keeps the kind of number: integers make int64, which can have no gradient.
print("torch.tensor(3):", torch.tensor(3), torch.tensor(3).dtype)
print("torch.tensor([3]):", torch.tensor([3]), torch.tensor([3]).dtype)

# torch.Tensor is the class, and always float32. From a list it takes values; from a number it takes a length, and the
# three entries are whatever was in that memory.
print("torch.Tensor([3]):", torch.Tensor([3]), torch.Tensor([3]).dtype)
print("torch.Tensor(3): shape", tuple(torch.Tensor(3).shape), torch.Tensor(3).dtype)

# 1. A scalar. Its .grad is None at first, which is not 0: no backward has come by yet.
scalar.requires_grad = True
print("scalar.grad:", scalar.grad)
y = scalar**2
y.backward()
print("scalar.grad:", scalar.grad, "= 2 * 3")

# 2. The same again. A backward adds to .grad: nothing sets it back but you.
y = scalar**2
y.backward()
print("scalar.grad:", scalar.grad, "= 6 + 6")
scalar.grad.zero_()
print("scalar.grad:", scalar.grad, "zeroed, and not None")

# 3. A vector. A gradient has the shape of its tensor. Only a single number goes backward: hence the sum.
vector.requires_grad = True
total = (vector**2).sum()
total.backward()
print("vector.grad:", vector.grad, "= 2 * vector")

# 4. A matrix times a vector: gradients of both at once, and the vector's are added to those above.
matrix.requires_grad = True
total = (matrix @ vector).sum()
total.backward()
print("matrix.grad:", matrix.grad)
print("vector.grad:", vector.grad)

# 5. Three dimensions. Half of the mean's eight shares, 1/8 each, go through a weight of 0: there the gradient is 0.
cube.requires_grad = True
weight = torch.tensor([1.0, 0.0])
mean = (cube * weight).mean()
mean.backward()
print("cube.grad:", cube.grad)
