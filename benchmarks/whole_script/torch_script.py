"""Breast cancer with PyTorch, from start to accuracy."""

import os
import sys

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

data, epochs = np.load(sys.argv[1]), int(sys.argv[2])
mean, std = data["x_train"].mean(0), data["x_train"].std(0)
x_train = torch.from_numpy((data["x_train"] - mean) / std)
x_test = torch.from_numpy((data["x_test"] - mean) / std)
y_train = torch.from_numpy(data["y_train"])[:, None]
y_test = torch.from_numpy(data["y_test"])[:, None]

model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
loss_function = nn.BCEWithLogitsLoss()
for _ in range(epochs):
    order = torch.randperm(len(x_train))
    batches = zip(x_train[order].split(32), y_train[order].split(32), strict=True)
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()

with torch.no_grad():
    accuracy = ((model(x_test) > 0) == (y_test > 0.5)).float().mean().item()
print(f"accuracy {accuracy:.4f}")
