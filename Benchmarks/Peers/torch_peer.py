"""The workloads in PyTorch, eager: fused optimizers, batches selected from one tensor of bytes."""

import torch
from torch import nn
from torch.nn import functional

from workloads import run


def network(sizes):
    layers = [nn.Linear(*pair) for pair in zip(sizes, sizes[1:])]
    for layer in layers:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    hidden = [module for layer in layers[:-1] for module in (layer, nn.ReLU(inplace=True))]
    return nn.Sequential(*hidden, layers[-1])


def right_answers(logits, labels):
    return (logits.argmax(1) == labels).sum()


def train(workload, data, epochs, epoch_ended):
    torch.manual_seed(1)
    torch.set_flush_denormal(True)
    images = torch.tensor(data.images)
    labels = torch.tensor(data.labels, dtype=torch.long)
    validation_images = torch.tensor(data.validation_images, dtype=torch.float32) / 255
    validation_labels = torch.tensor(data.validation_labels, dtype=torch.long)
    model = network(workload.sizes)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[workload.optimizer]
    optimizer = kind(model.parameters(), lr=workload.learning_rate, fused=True)
    count = len(images)

    for _ in range(epochs):
        total_loss, right = torch.zeros(()), torch.zeros((), dtype=torch.long)
        for indices in torch.randperm(count).split(workload.batch_size):
            x = images.index_select(0, indices).float().mul_(1 / 255)
            y = labels.index_select(0, indices)
            logits = model(x)
            loss = functional.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total_loss.add_(loss.detach(), alpha=len(y))
            right += right_answers(logits.detach(), y)
        figures = [total_loss.item() / count, right.item() / count]
        if workload.validation_count:
            with torch.inference_mode():
                logits = model(validation_images)
                loss = functional.cross_entropy(logits, validation_labels)
                right = right_answers(logits, validation_labels)
            figures += [loss.item(), right.item() / workload.validation_count]
        epoch_ended(*figures)


if __name__ == "__main__":
    run("torch", train, threads=torch.get_num_threads(), core=torch.backends.cpu.get_cpu_capability())
