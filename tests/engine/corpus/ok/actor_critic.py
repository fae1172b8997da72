# style: actor-critic: (policy_loss + value_loss).backward(), lists of saved actions, own tiny environment
import random
from collections import namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical

random.seed(0)
torch.manual_seed(0)
SavedAction = namedtuple("SavedAction", ["log_prob", "value"])


class Corridor:
    def reset(self):
        self.pos = random.randint(1, 3)
        return torch.tensor([self.pos / 4.0, 1.0])

    def step(self, action):
        self.pos += 1 if action == 1 else -1
        done = self.pos in (0, 4)
        return torch.tensor([self.pos / 4.0, 1.0]), float(self.pos == 4), done


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(2, 8)
        self.action_head = nn.Linear(8, 2)
        self.value_head = nn.Linear(8, 1)
        self.saved_actions = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


env = Corridor()
model = Policy()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)

for i_episode in range(4):
    state = env.reset()
    ep_reward = 0
    for t in range(1, 8):
        probs, state_value = model(state)
        m = Categorical(probs)
        action = m.sample()
        model.saved_actions.append(SavedAction(m.log_prob(action), state_value))
        state, reward, done = env.step(action.item())
        model.rewards.append(reward)
        ep_reward += reward
        if done:
            break

    R = 0
    returns = []
    for r in model.rewards[::-1]:
        R = r + 0.9 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    policy_losses = []
    value_losses = []
    for (log_prob, value), R in zip(model.saved_actions, returns):
        advantage = R - value.item()
        policy_losses.append(-log_prob * advantage)
        value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))

    optimizer.zero_grad()
    policy_loss = torch.stack(policy_losses).sum()
    value_loss = torch.stack(value_losses).sum()
    (policy_loss + value_loss).backward()
    optimizer.step()

    del model.rewards[:]
    del model.saved_actions[:]
    print("Episode {}\tlength {}\treward {:.1f}\tloss {:.5f}".format(i_episode, t, ep_reward, policy_loss.item()))
