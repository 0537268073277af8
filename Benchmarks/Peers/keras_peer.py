"""The workloads in Keras, on the backend that KERAS_BACKEND names: compile and fit."""

import os

import keras
import numpy as np
from keras import layers

from workloads import Convolution, run


class EpochEnded(keras.callbacks.Callback):
    def __init__(self, epoch_ended):
        super().__init__()
        self.epoch_ended = epoch_ended

    def on_epoch_end(self, epoch, logs):
        names = ["loss", "accuracy", "val_loss", "val_accuracy"]
        self.epoch_ended(*(float(logs[name]) for name in names if name in logs))


def train(workload, data, epochs, epoch_ended):
    keras.utils.set_random_seed(1)
    _, *hidden, outputs = workload.sizes
    stages = [
        layers.Conv2D(stage.filters, stage.size, padding=stage.padding, activation="relu")
        if isinstance(stage, Convolution)
        else layers.MaxPooling2D(stage.size)
        for stage in workload.stages
    ]
    if stages:
        stages = [layers.Reshape((28, 28, 1)), *stages, layers.Flatten()]
    model = keras.Sequential(
        [keras.Input((workload.pixels,)), *stages]
        + [layers.Dense(size, activation="relu") for size in hidden]
        + [layers.Dense(outputs)]
    )
    kind = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[workload.optimizer]
    model.compile(
        optimizer=kind(workload.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=32,  # several times faster than one by one
    )
    scaled = lambda images: images.astype(np.float32) / 255
    validation = None
    if workload.validation_count:
        validation = scaled(data.validation_images), data.validation_labels.astype(np.int32)
    model.fit(
        scaled(data.images),
        data.labels.astype(np.int32),
        batch_size=workload.batch_size,
        epochs=epochs,
        validation_data=validation,
        validation_batch_size=workload.validation_count or None,
        callbacks=[EpochEnded(epoch_ended)],
        verbose=0,
    )


if __name__ == "__main__":
    run(f"keras-{keras.backend.backend()}", train, threads=len(os.sched_getaffinity(0)))
