"""The workloads in JAX: an epoch is one jitted call, a scan over its batches."""

import functools
import os

import jax
import jax.numpy as jnp
import numpy as np

from workloads import run


def initial(sizes, rng):
    """Pairs of weights and biases."""

    def layer(inputs, outputs):
        limit = np.sqrt(6 / (inputs + outputs))
        weight = rng.uniform(-limit, limit, (inputs, outputs))
        return jnp.asarray(weight, jnp.float32), jnp.zeros(outputs, jnp.float32)

    return [layer(*pair) for pair in zip(sizes, sizes[1:])]


def scores(parameters, x, labels):
    """The mean loss, and the number of right answers."""
    *hidden, (weight, bias) = parameters
    for hidden_weight, hidden_bias in hidden:
        x = jax.nn.relu(x @ hidden_weight + hidden_bias)
    logits = x @ weight + bias
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    loss = jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen)
    return loss, jnp.sum(logits.argmax(axis=1) == labels)


def sgd(workload):
    def update(parameters, gradients, state):
        step = lambda p, g: p - workload.learning_rate * g
        return jax.tree.map(step, parameters, gradients), state

    return update, lambda parameters: ()


def adam(workload, beta1=0.9, beta2=0.999, epsilon=1e-7):
    def start(parameters):
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
        return zeros(), zeros(), jnp.zeros((), jnp.float32)

    def update(parameters, gradients, state):
        m, v, steps = state
        steps += 1
        m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradients)
        rate = workload.learning_rate * jnp.sqrt(1 - beta2**steps) / (1 - beta1**steps)
        step = lambda p, m, v: p - rate * m / (jnp.sqrt(v) + epsilon)
        return jax.tree.map(step, parameters, m, v), (m, v, steps)

    return update, start


def train(workload, data, epochs, epoch_ended):
    rng = np.random.default_rng(1)
    images = jnp.asarray(data.images, jnp.float32) / 255
    labels = jnp.asarray(data.labels, jnp.int32)
    validation_images = jnp.asarray(data.validation_images, jnp.float32) / 255
    validation_labels = jnp.asarray(data.validation_labels, jnp.int32)
    count, batch_size = len(images), workload.batch_size
    whole = count - count % batch_size
    update, start = {"sgd": sgd, "adam": adam}[workload.optimizer](workload)
    gradient = jax.value_and_grad(scores, has_aux=True)

    @functools.partial(jax.jit, donate_argnums=0)
    def epoch(state, images, labels, validation_images, validation_labels, order):
        def step(state, indices):
            parameters, optimizer_state = state
            (loss, right), gradients = gradient(parameters, images[indices], labels[indices])
            return update(parameters, gradients, optimizer_state), (loss * len(indices), right)

        state, (losses, rights) = jax.lax.scan(
            step, state, order[:whole].reshape(-1, batch_size)
        )
        loss, right = losses.sum(), rights.sum()
        if whole < count:
            state, (last_loss, last_right) = step(state, order[whole:])
            loss, right = loss + last_loss, right + last_right
        figures = [loss / count, right / count]
        if workload.validation_count:
            loss, right = scores(state[0], validation_images, validation_labels)
            figures += [loss, right / workload.validation_count]
        return state, figures

    parameters = initial(workload.sizes, rng)
    state = parameters, start(parameters)
    for _ in range(epochs):
        order = rng.permutation(count).astype(np.int32)
        state, figures = epoch(
            state, images, labels, validation_images, validation_labels, order
        )
        epoch_ended(*map(float, figures))


if __name__ == "__main__":
    run("jax", train, threads=len(os.sched_getaffinity(0)))
