# no line: backward
total = 0
for epoch in range(3):
    for k in range(4):
        total += k
print("loss.backward()", total)
