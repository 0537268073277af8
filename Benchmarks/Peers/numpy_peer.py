"""The workloads in NumPy: preallocated arrays, every operation in place."""

import numpy as np
import threadpoolctl

from workloads import run


class Network:
    """Dense layers with relu between them; parameters and gradients each lie in one array."""

    def __init__(self, sizes, batch_size, rng):
        count = sum((inputs + 1) * outputs for inputs, outputs in zip(sizes, sizes[1:]))
        self.parameters = np.zeros(count, np.float32)
        self.gradients = np.zeros(count, np.float32)
        self.weights, self.biases = self.views(self.parameters, sizes)
        self.weight_gradients, self.bias_gradients = self.views(self.gradients, sizes)
        for weight in self.weights:
            limit = np.sqrt(6 / sum(weight.shape))
            weight[:] = rng.uniform(-limit, limit, weight.shape)
        self.outputs = [np.empty((batch_size, size), np.float32) for size in sizes[1:]]
        self.output_gradients = [np.empty_like(output) for output in self.outputs[:-1]]

    @staticmethod
    def views(flat, sizes):
        weights, biases, start = [], [], 0
        for inputs, outputs in zip(sizes, sizes[1:]):
            end = start + inputs * outputs
            weights.append(flat[start:end].reshape(inputs, outputs))
            biases.append(flat[end : end + outputs])
            start = end + outputs
        return weights, biases

    def forward(self, x):
        """The logits."""
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            output = self.outputs[layer][: len(x)]
            np.matmul(x, weight, out=output)
            output += bias
            if layer + 1 < len(self.weights):
                np.maximum(output, 0, out=output)
            x = output
        return x

    def backward(self, x, gradient):
        """From the gradient of the logits."""
        for layer in reversed(range(len(self.weights))):
            inputs = self.outputs[layer - 1][: len(x)] if layer else x
            np.matmul(inputs.T, gradient, out=self.weight_gradients[layer])
            np.sum(gradient, axis=0, out=self.bias_gradients[layer])
            if layer:
                below = self.output_gradients[layer - 1][: len(x)]
                np.matmul(gradient, self.weights[layer].T, out=below)
                below *= inputs > 0
                gradient = below


def cross_entropy(logits, labels):
    """The summed loss and the number of right answers; the logits become probabilities."""
    rows = np.arange(len(labels))
    right = np.count_nonzero(logits.argmax(axis=1) == labels)
    logits -= logits.max(axis=1, keepdims=True)
    scores = logits[rows, labels]
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1, keepdims=True)
    logits /= sums
    return float(np.log(sums).sum() - scores.sum()), right


class SGD:
    def __init__(self, network, learning_rate):
        self.network, self.learning_rate = network, learning_rate

    def update(self):
        gradients = self.network.gradients
        gradients *= self.learning_rate
        self.network.parameters -= gradients


class Adam:
    """Keeps the moments undivided by 1 − β, which saves a pass over each of them."""

    def __init__(self, network, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-7):
        self.network, self.learning_rate = network, learning_rate
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.m, self.v, self.scratch = (np.zeros_like(network.parameters) for _ in range(3))
        self.steps = 0

    def update(self):
        g, m, v, scratch = self.network.gradients, self.m, self.v, self.scratch
        self.steps += 1
        scale1 = (1 - self.beta1) / (1 - self.beta1**self.steps)
        scale2 = ((1 - self.beta2) / (1 - self.beta2**self.steps)) ** 0.5
        m *= self.beta1
        m += g
        v *= self.beta2
        g *= g
        v += g
        np.sqrt(v, out=scratch)
        scratch += self.epsilon / scale2
        np.divide(m, scratch, out=scratch)
        scratch *= self.learning_rate * scale1 / scale2
        self.network.parameters -= scratch


def scaled(pixels):
    return pixels.astype(np.float32) / np.float32(255)


def train(workload, data, epochs, epoch_ended):
    rng = np.random.default_rng(1)
    images, labels = scaled(data.images), data.labels.astype(np.intp)
    validation_images = scaled(data.validation_images)
    validation_labels = data.validation_labels.astype(np.intp)
    batch_size, count = workload.batch_size, len(images)
    network = Network(workload.sizes, batch_size, rng)
    optimizer = {"sgd": SGD, "adam": Adam}[workload.optimizer](network, workload.learning_rate)
    batch = np.empty((batch_size, workload.sizes[0]), np.float32)

    for _ in range(epochs):
        loss, right = 0.0, 0
        order = rng.permutation(count)
        for start in range(0, count, batch_size):
            indices = order[start : start + batch_size]
            x = batch[: len(indices)]
            np.take(images, indices, axis=0, out=x, mode="clip")  # "raise" would buffer
            y = labels[indices]
            gradient = network.forward(x)
            batch_loss, batch_right = cross_entropy(gradient, y)
            loss += batch_loss
            right += batch_right
            gradient[np.arange(len(y)), y] -= 1
            gradient /= len(y)
            network.backward(x, gradient)
            optimizer.update()
        figures = [loss / count, right / count]
        if workload.validation_count:
            logits = validation_images @ network.weights[0] + network.biases[0]
            loss, right = cross_entropy(logits, validation_labels)
            figures += [loss / len(logits), right / len(logits)]
        epoch_ended(*figures)


if __name__ == "__main__":
    np.ones((2, 2)) @ np.ones((2, 2))
    blas = threadpoolctl.threadpool_info()[0]
    run("numpy", train, threads=blas["num_threads"], core=blas.get("architecture"))
