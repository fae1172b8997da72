# style: Hugging Face no-trainer: dict batches, outputs.loss, LambdaLR warm-up, progress bar object, max_train_steps break
import argparse
import math
from types import SimpleNamespace

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset


def parse_args():
    parser = argparse.ArgumentParser(description="Finetune a toy classifier")
    parser.add_argument("--per_device_train_batch_size", type=int, default=4)
    parser.add_argument("--learning_rate", type=float, default=5e-2)
    parser.add_argument("--num_train_epochs", type=int, default=3)
    parser.add_argument("--max_train_steps", type=int, default=None)
    parser.add_argument("--gradient_accumulation_steps", type=int, default=2)
    parser.add_argument("--num_warmup_steps", type=int, default=2)
    parser.add_argument("--seed", type=int, default=17)
    args = parser.parse_args()
    return args


class ToyTokens(Dataset):
    def __init__(self, n):
        self.ids = torch.randint(0, 20, (n, 5))

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        ids = self.ids[i]
        return {"input_ids": ids, "labels": (ids.sum() % 2).long()}


class ToyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(20, 6)
        self.head = nn.Linear(6, 2)

    def forward(self, input_ids, labels=None):
        logits = self.head(self.emb(input_ids).mean(dim=1))
        loss = nn.functional.cross_entropy(logits, labels) if labels is not None else None
        return SimpleNamespace(loss=loss, logits=logits)


class Bar:
    def __init__(self, total):
        self.total, self.n = total, 0

    def update(self, k):
        self.n += k


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    model = ToyModel()
    train_dataloader = DataLoader(ToyTokens(20), shuffle=True, batch_size=args.per_device_train_batch_size)
    eval_dataloader = DataLoader(ToyTokens(8), batch_size=4)

    no_decay = ["bias"]
    optimizer_grouped_parameters = [
        {
            "params": [p for n, p in model.named_parameters() if not any(nd in n for nd in no_decay)],
            "weight_decay": 0.1,
        },
        {
            "params": [p for n, p in model.named_parameters() if any(nd in n for nd in no_decay)],
            "weight_decay": 0.0,
        },
    ]
    optimizer = torch.optim.AdamW(optimizer_grouped_parameters, lr=args.learning_rate)
    num_update_steps_per_epoch = math.ceil(len(train_dataloader) / args.gradient_accumulation_steps)
    if args.max_train_steps is None:
        args.max_train_steps = args.num_train_epochs * num_update_steps_per_epoch - 1

    def lr_lambda(current_step):
        if current_step < args.num_warmup_steps:
            return float(current_step) / float(max(1, args.num_warmup_steps))
        return max(0.0, (args.max_train_steps - current_step) / max(1, args.max_train_steps - args.num_warmup_steps))

    lr_scheduler = LambdaLR(optimizer, lr_lambda)
    print("***** Running training *****")
    print(f"  Num Epochs = {args.num_train_epochs}")
    print(f"  Total optimization steps = {args.max_train_steps}")
    progress_bar = Bar(args.max_train_steps)
    completed_steps = 0

    for epoch in range(args.num_train_epochs):
        model.train()
        for step, batch in enumerate(train_dataloader):
            outputs = model(**batch)
            loss = outputs.loss
            loss = loss / args.gradient_accumulation_steps
            loss.backward()
            if step % args.gradient_accumulation_steps == 0 or step == len(train_dataloader) - 1:
                optimizer.step()
                lr_scheduler.step()
                optimizer.zero_grad()
                progress_bar.update(1)
                completed_steps += 1
                print(completed_steps, loss.item(), lr_scheduler.get_last_lr())

            if completed_steps >= args.max_train_steps:
                break

        model.eval()
        correct = 0
        for step, batch in enumerate(eval_dataloader):
            with torch.no_grad():
                outputs = model(**batch)
            predictions = outputs.logits.argmax(dim=-1)
            correct += (predictions == batch["labels"]).sum().item()
        print(f"epoch {epoch}: accuracy {correct / 8}")
    print(progress_bar.n, "/", progress_bar.total)


if __name__ == "__main__":
    main()
