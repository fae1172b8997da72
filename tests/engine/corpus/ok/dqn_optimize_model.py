# style: DQN tutorial: optimize_model() returns early until the memory is filled, target net soft update, global counters
import random
from collections import deque, namedtuple

import torch
import torch.nn as nn
import torch.optim as optim

random.seed(0)
torch.manual_seed(0)
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))
BATCH_SIZE, GAMMA, TAU = 4, 0.9, 0.1
policy_net = nn.Linear(2, 2)
target_net = nn.Linear(2, 2)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=1e-2, amsgrad=True)
memory = deque([], maxlen=20)
steps_done = 0


def select_action(state):
    global steps_done
    steps_done += 1
    if random.random() > 0.3:
        with torch.no_grad():
            return policy_net(state).argmax().view(1, 1)
    return torch.tensor([[random.randrange(2)]])


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return
    transitions = random.sample(memory, BATCH_SIZE)
    batch = Transition(*zip(*transitions))
    state_batch = torch.stack(batch.state)
    action_batch = torch.cat(batch.action)
    reward_batch = torch.tensor(batch.reward)
    state_action_values = policy_net(state_batch).gather(1, action_batch)
    with torch.no_grad():
        next_state_values = target_net(torch.stack(batch.next_state)).max(1).values
    expected = (next_state_values * GAMMA) + reward_batch

    criterion = nn.SmoothL1Loss()
    loss = criterion(state_action_values, expected.unsqueeze(1))

    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    print("  optimized", loss.item())


for i_episode in range(3):
    state = torch.rand(2)
    for t in range(4):
        action = select_action(state)
        next_state = torch.rand(2)
        reward = 1.0 if action.item() == int(state[0] > state[1]) else 0.0
        memory.append(Transition(state, action, next_state, reward))
        state = next_state
        optimize_model()
        target_dict = target_net.state_dict()
        policy_dict = policy_net.state_dict()
        for key in policy_dict:
            target_dict[key] = policy_dict[key] * TAU + target_dict[key] * (1 - TAU)
        target_net.load_state_dict(target_dict)
    print("episode", i_episode, "steps", steps_done, "memory", len(memory))
print("Complete")
