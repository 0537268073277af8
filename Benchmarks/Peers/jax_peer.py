"""The workloads in JAX: an epoch is one jitted call, a scan over its batches."""

import functools
import os

import jax
import jax.numpy as jnp
import numpy as np

from workloads import Convolution, run


def initial(workload, rng):
    """Pairs of weights and biases.

    The last weight is [classes, inputs]: XLA computes the logits several times faster as columns.
    """

    def layer(shape, inputs, outputs):
        limit = np.sqrt(6 / (inputs + outputs))
        weight = rng.uniform(-limit, limit, shape)
        return jnp.asarray(weight, jnp.float32), jnp.zeros(shape[-1], jnp.float32)

    filters, channels = [], 1
    for stage in workload.stages:
        if isinstance(stage, Convolution):
            shape, area = (stage.size, stage.size, channels, stage.filters), stage.size**2
            filters.append(layer(shape, area * channels, area * stage.filters))
            channels = stage.filters
    sizes = zip(workload.sizes, workload.sizes[1:])
    *hidden, (weight, bias) = (layer(pair, *pair) for pair in sizes)
    return [*filters, *hidden, (weight.T, bias)]


def convolved(stages, filters, x):
    """The images after the convolutions and poolings, flat."""
    x = x.reshape(-1, 28, 28, 1)
    filters = iter(filters)
    for stage in stages:
        if isinstance(stage, Convolution):
            weight, bias = next(filters)
            numbers = ("NHWC", "HWIO", "NHWC")
            x = jax.lax.conv_general_dilated(
                x, weight, (1, 1), stage.padding.upper(), dimension_numbers=numbers
            )
            x = jax.nn.relu(x + bias)
        else:
            window = (1, stage.size, stage.size, 1)
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")
    return x.reshape(len(x), -1)


def scaled(pixels):
    return pixels.astype(jnp.float32) * (1 / 255)


def score(stages, parameters, x, labels):
    """The mean loss, and the number of right answers."""
    count = sum(isinstance(stage, Convolution) for stage in stages)
    if stages:
        x = convolved(stages, parameters[:count], x)
    *hidden, (last_weight, last_bias) = parameters[count:]
    for weight, bias in hidden:
        x = jax.nn.relu(x @ weight + bias)
    logits = last_weight @ x.T + last_bias[:, None]
    chosen = jnp.take_along_axis(logits, labels[None, :], axis=0)[0]
    loss = jnp.mean(jax.nn.logsumexp(logits, axis=0) - chosen)
    return loss, jnp.sum(logits.argmax(axis=0) == labels)


def sgd(learning_rate):
    def start(parameters):
        return ()

    def update(parameters, gradients, state):
        step = lambda p, g: p - learning_rate * g
        return jax.tree.map(step, parameters, gradients), state

    return start, update


def adam(learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-7):
    def start(parameters):
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
        return zeros(), zeros(), jnp.zeros((), jnp.float32)

    def update(parameters, gradients, state):
        m, v, steps = state
        steps += 1
        m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradients)
        rate = learning_rate * jnp.sqrt(1 - beta2**steps) / (1 - beta1**steps)
        step = lambda p, m, v: p - rate * m / (jnp.sqrt(v) + epsilon)
        return jax.tree.map(step, parameters, m, v), (m, v, steps)

    return start, update


def train(workload, data, epochs, epoch_ended):
    rng = np.random.default_rng(1)
    images, labels = jnp.asarray(data.images), jnp.asarray(data.labels, jnp.int32)
    validation_images = scaled(jnp.asarray(data.validation_images))
    validation_labels = jnp.asarray(data.validation_labels, jnp.int32)
    count, batch_size = len(images), workload.batch_size
    whole = count - count % batch_size
    start, update = {"sgd": sgd, "adam": adam}[workload.optimizer](workload.learning_rate)
    scored = functools.partial(score, workload.stages)
    gradient = jax.value_and_grad(scored, has_aux=True)

    @functools.partial(jax.jit, donate_argnums=0)
    def epoch(state, images, labels, validation_images, validation_labels, order):
        def step(state, indices):
            parameters, optimizer_state = state
            x, y = scaled(images[indices]), labels[indices]
            (loss, right), gradients = gradient(parameters, x, y)
            return update(parameters, gradients, optimizer_state), (loss * len(indices), right)

        batches = order[:whole].reshape(-1, batch_size)
        state, (losses, rights) = jax.lax.scan(step, state, batches)
        loss, right = losses.sum(), rights.sum()
        if whole < count:
            state, (last_loss, last_right) = step(state, order[whole:])
            loss, right = loss + last_loss, right + last_right
        figures = [loss / count, right / count]
        if workload.validation_count:
            loss, right = scored(state[0], validation_images, validation_labels)
            figures += [loss, right / workload.validation_count]
        return state, figures

    parameters = initial(workload, rng)
    state = parameters, start(parameters)
    for _ in range(epochs):
        order = rng.permutation(count).astype(np.int32)
        state, figures = epoch(
            state, images, labels, validation_images, validation_labels, order
        )
        epoch_ended(*map(float, figures))


if __name__ == "__main__":
    run("jax", train, threads=len(os.sched_getaffinity(0)))
