# style: seq2seq: encoder and decoder optimizers, teacher forcing by random, break on EOS, trainIters over pairs
import random

import torch
import torch.nn as nn
from torch import optim

random.seed(1)
torch.manual_seed(1)
SOS_token, EOS_token = 0, 1


class EncoderRNN(nn.Module):
    def __init__(self, n, h):
        super().__init__()
        self.h = h
        self.embedding = nn.Embedding(n, h)
        self.gru = nn.GRU(h, h)

    def forward(self, input, hidden):
        return self.gru(self.embedding(input).view(1, 1, -1), hidden)


class DecoderRNN(EncoderRNN):
    def __init__(self, n, h):
        super().__init__(n, h)
        self.out = nn.Linear(h, n)

    def forward(self, input, hidden):
        output, hidden = super().forward(input, hidden)
        return torch.log_softmax(self.out(output[0]), dim=1), hidden


def train(input_tensor, target_tensor, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion):
    encoder_hidden = torch.zeros(1, 1, encoder.h)
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    loss = 0
    for ei in range(input_tensor.size(0)):
        _, encoder_hidden = encoder(input_tensor[ei], encoder_hidden)

    decoder_input = torch.tensor([[SOS_token]])
    decoder_hidden = encoder_hidden
    use_teacher_forcing = True if random.random() < 0.5 else False

    if use_teacher_forcing:
        for di in range(target_tensor.size(0)):
            decoder_output, decoder_hidden = decoder(decoder_input, decoder_hidden)
            loss += criterion(decoder_output, target_tensor[di])
            decoder_input = target_tensor[di]
    else:
        for di in range(target_tensor.size(0)):
            decoder_output, decoder_hidden = decoder(decoder_input, decoder_hidden)
            topv, topi = decoder_output.topk(1)
            decoder_input = topi.squeeze().detach()
            loss += criterion(decoder_output, target_tensor[di])
            if decoder_input.item() == EOS_token:
                break

    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()

    return loss.item() / target_tensor.size(0), use_teacher_forcing


def trainIters(encoder, decoder, n_iters, print_every=2, learning_rate=0.05):
    print_loss_total = 0
    encoder_optimizer = optim.SGD(encoder.parameters(), lr=learning_rate)
    decoder_optimizer = optim.SGD(decoder.parameters(), lr=learning_rate)
    training_pairs = [random.choice(pairs) for i in range(n_iters)]
    criterion = nn.NLLLoss()
    for iter in range(1, n_iters + 1):
        input_tensor, target_tensor = training_pairs[iter - 1]
        loss, forced = train(
            input_tensor, target_tensor, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion
        )
        print_loss_total += loss
        if iter % print_every == 0:
            print("(%d %d%%) %.4f %s" % (iter, iter / n_iters * 100, print_loss_total / print_every, forced))
            print_loss_total = 0


pairs = [(torch.tensor([[2], [3], [1]]), torch.tensor([[4], [1]])), (torch.tensor([[3], [1]]), torch.tensor([[2], [4], [1]]))]
trainIters(EncoderRNN(5, 4), DecoderRNN(5, 4), 6)
