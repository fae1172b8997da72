# style: PPO-like: collect a rollout, then K inner epochs over it, all in a while over timesteps
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(3)
actor = nn.Linear(3, 2)
critic = nn.Linear(3, 1)
optimizer = torch.optim.Adam([{"params": actor.parameters(), "lr": 0.01}, {"params": critic.parameters(), "lr": 0.02}])
K_epochs, eps_clip, horizon = 2, 0.2, 4
time_step = 0

while time_step < 12:
    states, actions, logprobs, rewards = [], [], [], []
    for t in range(horizon):
        state = torch.randn(3)
        with torch.no_grad():
            dist = Categorical(logits=actor(state))
            action = dist.sample()
        states.append(state)
        actions.append(action)
        logprobs.append(dist.log_prob(action))
        rewards.append(float(action == (state[0] > 0).long()))
        time_step += 1

    old_states, old_actions, old_logprobs = (torch.stack(v) for v in (states, actions, logprobs))
    rewards = torch.tensor(rewards)
    for _ in range(K_epochs):
        dist = Categorical(logits=actor(old_states))
        state_values = critic(old_states).squeeze(1)
        ratios = torch.exp(dist.log_prob(old_actions) - old_logprobs)
        advantages = rewards - state_values.detach()
        surr = torch.min(ratios * advantages, torch.clamp(ratios, 1 - eps_clip, 1 + eps_clip) * advantages)
        loss = -surr + 0.5 * (state_values - rewards) ** 2 - 0.01 * dist.entropy()

        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
    print("timestep", time_step, "reward", rewards.sum().item(), "loss", loss.mean().item())
