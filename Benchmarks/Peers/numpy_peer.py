"""The workloads in NumPy: preallocated arrays, every operation of a step in place."""

import numpy as np
import threadpoolctl

from workloads import run


class Network:
    """Dense layers with relu between them; parameters and gradients each lie in one array.

    The samples are rows in the hidden layers and columns in the logits: sums over ten classes are
    many times faster down the columns, and so are the products with a weight of ten rows.
    """

    def __init__(self, sizes, batch_size, rng):
        *hidden, last = zip(sizes, sizes[1:])
        self.shapes = [*hidden, last[::-1]]
        count = sum((inputs + 1) * outputs for inputs, outputs in zip(sizes, sizes[1:]))
        self.parameters = np.zeros(count, np.float32)
        self.gradients = np.zeros(count, np.float32)
        self.weights, self.biases = self.views(self.parameters, sizes)
        self.weight_gradients, self.bias_gradients = self.views(self.gradients, sizes)
        for weight in self.weights:
            limit = np.sqrt(6 / sum(weight.shape))
            weight[:] = rng.uniform(-limit, limit, weight.shape)
        self.outputs = [np.empty((batch_size, size), np.float32) for size in sizes[1:-1]]
        self.output_gradients = [np.empty_like(output) for output in self.outputs]
        self.logits = np.empty(sizes[-1] * batch_size, np.float32)
        self.ones = np.ones(batch_size, np.float32)

    def views(self, flat, sizes):
        weights, biases, start = [], [], 0
        for shape, outputs in zip(self.shapes, sizes[1:]):
            end = start + shape[0] * shape[1]
            weights.append(flat[start:end].reshape(shape))
            biases.append(flat[end : end + outputs])
            start = end + outputs
        return weights, biases

    def forward(self, x):
        """The logits, [classes, batch]."""
        for weight, bias, output in zip(self.weights, self.biases, self.outputs):
            output = output[: len(x)]
            np.matmul(x, weight, out=output)
            output += bias
            np.maximum(output, 0, out=output)
            x = output
        bias = self.biases[-1]
        logits = self.logits[: len(bias) * len(x)].reshape(len(bias), len(x))
        np.matmul(self.weights[-1], x.T, out=logits)
        logits += bias[:, None]
        return logits

    def backward(self, x, gradient):
        """From the gradient of the logits."""
        ones = self.ones[: len(x)]
        inputs = [x, *(output[: len(x)] for output in self.outputs)]
        np.matmul(gradient, inputs[-1], out=self.weight_gradients[-1])
        np.matmul(gradient, ones, out=self.bias_gradients[-1])
        weight = self.weights[-1]
        gradient = gradient.T
        for layer in reversed(range(len(self.outputs))):
            below = self.output_gradients[layer][: len(x)]
            np.matmul(gradient, weight, out=below)
            below *= inputs[layer + 1] > 0
            np.matmul(inputs[layer].T, below, out=self.weight_gradients[layer])
            np.matmul(ones, below, out=self.bias_gradients[layer])
            gradient, weight = below, self.weights[layer].T


class SGD:
    def __init__(self, network, learning_rate):
        self.network, self.learning_rate = network, learning_rate

    def update(self):
        gradients = self.network.gradients
        gradients *= self.learning_rate
        self.network.parameters -= gradients


class Adam:
    """Goes over the arrays in blocks that stay in the cache.

    Keeps the moments undivided by 1 − β, which saves a pass over each of them.
    """

    BLOCK = 65_536

    def __init__(self, network, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-7):
        self.learning_rate, self.beta1, self.beta2 = learning_rate, beta1, beta2
        self.epsilon = epsilon
        self.m, v = np.zeros_like(network.parameters), np.zeros_like(network.parameters)
        arrays = network.parameters, network.gradients, self.m, v
        starts = range(0, len(v), self.BLOCK)
        self.blocks = [[array[i : i + self.BLOCK] for array in arrays] for i in starts]
        self.scratch = np.empty(self.BLOCK, np.float32)
        self.steps = 0

    def update(self):
        self.steps += 1
        scale1 = (1 - self.beta1) / (1 - self.beta1**self.steps)
        scale2 = ((1 - self.beta2) / (1 - self.beta2**self.steps)) ** 0.5
        epsilon, rate = self.epsilon / scale2, self.learning_rate * scale1 / scale2
        for parameters, gradients, m, v in self.blocks:
            scratch = self.scratch[: len(m)]
            m *= self.beta1
            m += gradients
            v *= self.beta2
            gradients *= gradients
            v += gradients
            np.sqrt(v, out=scratch)
            scratch += epsilon
            np.divide(m, scratch, out=scratch)
            scratch *= rate
            parameters -= scratch
        if self.steps % 100 == 0:
            # Pixels that are hardly ever lit let m decay into denormal numbers, many times slower.
            self.m[np.abs(self.m) < 1e-30] = 0


def score(logits, labels, columns, scores, sums):
    """Makes the logits probabilities; fills in the right class's score below the best, which is 0
    for a right answer, and the sum of exponentials, of which the loss is made."""
    places = labels * logits.shape[1]
    places += columns
    logits -= np.maximum.reduce(logits, axis=0)
    np.take(logits, places, out=scores, mode="clip")
    np.exp(logits, out=logits)
    np.add.reduce(logits, axis=0, out=sums)
    logits /= sums
    return places


def mean_figures(scores, sums):
    """Loss and accuracy."""
    return np.mean(np.log(sums) - scores), np.mean(scores == 0)


def train(workload, data, epochs, epoch_ended):
    rng = np.random.default_rng(1)
    images, labels = data.images, data.labels.astype(np.intp)
    scale = np.float32(1 / 255)
    validation_images = data.validation_images * scale
    validation_labels = data.validation_labels.astype(np.intp)
    batch_size, count = workload.batch_size, len(images)
    network = Network(workload.sizes, batch_size, rng)
    optimizer = {"sgd": SGD, "adam": Adam}[workload.optimizer](network, workload.learning_rate)
    pixels = np.empty((batch_size, images.shape[1]), np.uint8)
    batch = np.empty(pixels.shape, np.float32)
    scores, sums = np.empty(count, np.float32), np.empty(count, np.float32)
    columns = np.arange(max(batch_size, workload.validation_count))
    validation_scores, validation_sums = np.empty((2, workload.validation_count), np.float32)

    for _ in range(epochs):
        order = rng.permutation(count)
        shuffled_labels = labels[order]
        for start in range(0, count, batch_size):
            part = slice(start, start + batch_size)
            indices = order[part]
            size = len(indices)
            # Gathered as bytes and scaled on the way; mode "raise" would buffer.
            np.take(images, indices, axis=0, out=pixels[:size], mode="clip")
            x = np.multiply(pixels[:size], scale, out=batch[:size])
            gradient = network.forward(x)
            places = score(
                gradient, shuffled_labels[part], columns[:size], scores[part], sums[part]
            )
            gradient.reshape(-1)[places] -= 1
            gradient /= size
            network.backward(x, gradient)
            optimizer.update()
        figures = mean_figures(scores, sums)
        if workload.validation_count:
            logits = network.weights[0] @ validation_images.T
            logits += network.biases[0][:, None]
            score(logits, validation_labels, columns, validation_scores, validation_sums)
            figures += mean_figures(validation_scores, validation_sums)
        epoch_ended(*figures)


if __name__ == "__main__":
    np.ones((2, 2)) @ np.ones((2, 2))
    blas = threadpoolctl.threadpool_info()[0]
    run("numpy", train, threads=blas["num_threads"], core=blas["architecture"])
