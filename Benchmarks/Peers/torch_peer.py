"""The workloads in PyTorch, eager: fused optimizers, batches selected from one tensor."""

import torch
from torch import nn
from torch.nn import functional

from workloads import Convolution, run


def network(workload):
    stages, channels = [], 1
    for stage in workload.stages:
        if isinstance(stage, Convolution):
            layer = nn.Conv2d(channels, stage.filters, stage.size, padding=stage.padding)
            stages += [layer, nn.ReLU(inplace=True)]
            channels = stage.filters
        else:
            stages.append(nn.MaxPool2d(stage.size))
    if stages:
        stages = [nn.Unflatten(1, (1, 28, 28)), *stages, nn.Flatten()]
    layers = [nn.Linear(*pair) for pair in zip(workload.sizes, workload.sizes[1:])]
    hidden = [module for layer in layers[:-1] for module in (layer, nn.ReLU(inplace=True))]
    model = nn.Sequential(*stages, *hidden, layers[-1])
    for layer in model:
        if hasattr(layer, "weight"):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def score(logits, labels):
    """Loss and accuracy."""
    right = (logits.argmax(1) == labels).sum().item()
    return [functional.cross_entropy(logits, labels).item(), right / len(labels)]


def train(workload, data, epochs, epoch_ended, variant):
    torch.manual_seed(1)
    torch.set_flush_denormal(True)
    images = torch.tensor(data.images, dtype=torch.float32) / 255
    labels = torch.tensor(data.labels, dtype=torch.long)
    validation_images = torch.tensor(data.validation_images, dtype=torch.float32) / 255
    validation_labels = torch.tensor(data.validation_labels, dtype=torch.long)
    model = network(workload)
    if variant == "channels-last":
        model = model.to(memory_format=torch.channels_last)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[workload.optimizer]
    optimizer = kind(model.parameters(), lr=workload.learning_rate, fused=True)

    for _ in range(epochs):
        order = torch.randperm(len(images))
        shuffled_labels = labels[order]
        outputs = []
        batches = order.split(workload.batch_size), shuffled_labels.split(workload.batch_size)
        for indices, y in zip(*batches):
            logits = model(images.index_select(0, indices))
            loss = functional.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            outputs.append(logits.detach())
        # Scored at once: a step of these sizes costs as much as the calls that it makes.
        figures = score(torch.cat(outputs), shuffled_labels)
        if workload.validation_count:
            with torch.inference_mode():
                figures += score(model(validation_images), validation_labels)
        epoch_ended(*figures)


if __name__ == "__main__":
    core = torch.backends.cpu.get_cpu_capability()
    run("torch", train, threads=torch.get_num_threads(), core=core, variants=["channels-last"])
