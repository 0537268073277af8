"""Writes Goldens.swift: what Keras and scikit-learn compute for the problems in Problem.swift.

Made with Python 3.11, Keras 3.15.1 on JAX 0.10.2 (float32, one CPU), NumPy 2.4.6 and
scikit-learn 1.9.1. Run: KERAS_BACKEND=jax python make_goldens.py > Goldens.swift
All inputs are multiples of 1/8 from integer formulas, so that both sides start from the same bits.
"""

import keras
import numpy as np
from keras import callbacks, layers, optimizers
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

SAMPLES, INPUTS, HIDDEN, CLASSES, BATCH = 80, 4, 5, 3, 8


def samples():
    return np.array(
        [[((7 * i + 3 * j + i * i * j) % 17 - 8) / 8 for j in range(INPUTS)] for i in range(SAMPLES)],
        np.float32,
    )


def labels():
    return np.array([(i * i + 2 * (i // 3)) % CLASSES for i in range(SAMPLES)])


def weight(units, inputs):
    return np.array(
        [[((5 * i + 3 * j + i * j) % 11 - 5) / 8 for j in range(inputs)] for i in range(units)],
        np.float32,
    )


def network(l2):
    regularizer = keras.regularizers.L2(l2) if l2 else None
    model = keras.Sequential(
        [
            keras.Input((INPUTS,)),
            layers.Dense(HIDDEN, activation="tanh", kernel_regularizer=regularizer),
            layers.Dense(CLASSES, kernel_regularizer=regularizer),
        ]
    )
    model.set_weights(
        [
            weight(HIDDEN, INPUTS).T,
            np.zeros(HIDDEN, np.float32),
            weight(CLASSES, HIDDEN).T,
            np.zeros(CLASSES, np.float32),
        ]
    )
    return model


def run(optimizer, l2=0.0, smoothing=0.0, class_weight=None):
    """Ten steps of a batch each: their losses, the weights after, and the loss over all samples."""
    model = network(l2)
    x, y = samples(), labels()
    if smoothing:
        y = np.eye(CLASSES, dtype=np.float32)[y]
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss)
    losses = []
    for start in range(0, SAMPLES, BATCH):
        batch = slice(start, start + BATCH)
        history = model.fit(
            x[batch], y[batch], batch_size=BATCH, shuffle=False, class_weight=class_weight, verbose=0
        )
        losses.append(history.history["loss"][0])
    weights = np.concatenate([np.asarray(w).T.reshape(-1) for w in model.get_weights()])
    return losses, weights, model.evaluate(x, y, batch_size=BATCH, verbose=0)


def numbers(values):
    return ", ".join(str(np.float32(value)) for value in values)


def wrapped(values, indent):
    lines, line = [], ""
    for value in numbers(values).split(", "):
        if len(line) + len(value) > 90:
            lines.append(line.rstrip())
            line = ""
        line += value + ", "
    lines.append(line.rstrip().rstrip(","))
    return ("\n" + " " * indent).join(lines)


RUNS = {
    "sgd": lambda: run(optimizers.SGD(0.1)),
    "momentum": lambda: run(optimizers.SGD(0.1, momentum=0.9)),
    "nesterov": lambda: run(optimizers.SGD(0.1, momentum=0.9, nesterov=True)),
    "rmsprop": lambda: run(optimizers.RMSprop(0.01)),
    "adam": lambda: run(optimizers.Adam(0.01)),
    "adamW": lambda: run(optimizers.AdamW(0.01, weight_decay=0.5)),
    "clipped": lambda: run(optimizers.SGD(0.5, global_clipnorm=0.25)),
    "penalised": lambda: run(optimizers.SGD(0.1), l2=0.03),
    "smoothed": lambda: run(optimizers.SGD(0.1), smoothing=0.2),
    "weighted": lambda: run(optimizers.SGD(0.1), class_weight={0: 0.5, 1: 2.0, 2: 1.25}),
    "decayed": lambda: run(
        optimizers.SGD(optimizers.schedules.ExponentialDecay(0.2, 3, 0.5, staircase=True))
    ),
}


def runs():
    print("  /// Ten steps of each rule: the losses of the batches, then the weights.")
    print("  static let runs: [String: Run] = [")
    for name, make in RUNS.items():
        losses, weights, evaluated = make()
        print(f'    "{name}": Run(')
        print(f"      losses: [\n        {wrapped(losses, 8)},\n      ],")
        print(f"      weights: [\n        {wrapped(weights, 8)},\n      ],")
        print(f"      evaluatedLoss: {np.float32(evaluated)}),")
    print("  ]\n")


def schedules():
    steps = range(0, 14)
    made = {
        "stairs": optimizers.schedules.ExponentialDecay(0.5, 4, 0.3, staircase=True),
        "exponential": optimizers.schedules.ExponentialDecay(0.5, 4, 0.3),
        # Keras's alpha is a share of the peak, and its decay_steps count from the end of the warm-up.
        "cosine": optimizers.schedules.CosineDecay(0.5, 10, alpha=0.1),
        "warmCosine": optimizers.schedules.CosineDecay(
            0.0, 8, alpha=0.1, warmup_target=0.5, warmup_steps=4
        ),
    }
    print("  /// The rate at steps 0 to 13.")
    print("  static let schedules: [String: [Float]] = [")
    for name, schedule in made.items():
        print(f'    "{name}": [\n      {wrapped([schedule(s) for s in steps], 6)},\n    ],')
    print("  ]\n")


VALUES = [1.0, 0.9, 0.95, 0.8999, 0.91, 0.5, 0.5, 0.6, 0.7, 0.49995, 0.8, 0.3, 0.31, 0.32, 0.33, 0.2]


def fresh_model():
    model = network(0)
    model.compile(optimizer=optimizers.SGD(1.0), loss="mse")
    return model


def callback_runs():
    print("  /// The scripted validation losses that the callbacks are shown.")
    print(f"  static let monitored: [Double] = [\n    {', '.join(map(str, VALUES))},\n  ]")
    print("  /// The epoch that ends training and the best one, 0 for none, by patience and delta.")
    print("  static let stops: [(patience: Int, delta: Double, end: Int, best: Int)] = [")
    for patience, delta in [(0, 0.0), (1, 0.0), (2, 0.0), (3, 0.0), (3, 0.001), (4, 0.2), (9, 0.0)]:
        stopping = callbacks.EarlyStopping(
            "val_loss", patience=patience, min_delta=delta, restore_best_weights=True
        )
        model = fresh_model()
        stopping.set_model(model)
        stopping.on_train_begin()
        end = 0
        for epoch, value in enumerate(VALUES):
            stopping.on_epoch_end(epoch, {"val_loss": value})
            if model.stop_training:
                end = epoch + 1
                break
        print(f"    ({patience}, {delta}, {end}, {stopping.best_epoch + 1}),")
    print("  ]")
    print("  /// The rate after each epoch, 1 at first, by the settings of the reduction.")
    print("  static let reductions: [Reduction] = [")
    for settings in [(0.5, 1, 0, 0.0), (0.5, 2, 0, 0.0), (0.1, 2, 2, 0.0), (0.5, 1, 1, 0.3)]:
        factor, patience, cooldown, least = settings
        reducing = callbacks.ReduceLROnPlateau(
            "val_loss", factor=factor, patience=patience, cooldown=cooldown, min_lr=least
        )
        model = fresh_model()
        reducing.set_model(model)
        reducing.on_train_begin()
        rates = []
        for epoch, value in enumerate(VALUES):
            reducing.on_epoch_end(epoch, {"val_loss": value})
            rates.append(float(model.optimizer.learning_rate))
        print(f"    Reduction(\n      factor: {factor}, patience: {patience}, cooldown: {cooldown},")
        print(f"      minimumRate: {least},\n      rates: [\n        {wrapped(rates, 8)},\n      ]),")
    print("  ]\n")


def confusion():
    truth = [(i * i + i // 5) % 4 for i in range(60)]
    guess = [truth[i] if i % 3 else (i // 2) % 3 for i in range(60)]
    # Class 3 is not always right; class 4 never occurs and is never predicted.
    names = range(5)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, guess, labels=names, zero_division=0
    )
    print("  /// 60 samples of 5 classes, of which the last never occurs.")
    print("  static let confusion = Confusion(")
    print("    counts: [")
    for row in metrics.confusion_matrix(truth, guess, labels=names).tolist():
        print(f"      {row},")
    print("    ],")
    for name, values in [("precision", precision), ("recall", recall), ("f1", f1)]:
        print(f"    {name}: [\n      {', '.join(repr(float(v)) for v in values)},\n    ],")
    print(f"    support: {support.tolist()},")
    macro = metrics.precision_recall_fscore_support(
        truth, guess, labels=names, average="macro", zero_division=0
    )
    print(f"    macro: [{', '.join(repr(float(v)) for v in macro[:3])}],")
    print(f"    accuracy: {float(metrics.accuracy_score(truth, guess))!r})\n")


def top_k():
    scores = samples()[:, :1] * 0 + np.array(
        [[(5 * i + 7 * j + i * j * j) % 31 + j / 8 for j in range(6)] for i in range(SAMPLES)]
    )
    truth = [(i * 5 + i // 7) % 6 for i in range(SAMPLES)]
    values = [
        float(metrics.top_k_accuracy_score(truth, scores, k=k, labels=range(6))) for k in range(1, 6)
    ]
    print("  /// The shares of 80 samples among whose k highest of 6 scores is the true class, k from 1.")
    print(f"  static let topK: [Double] = {values}\n")


def logistic():
    x, y = samples().astype(np.float64), labels()
    l2 = 0.01
    model = LogisticRegression(C=1 / (2 * l2 * SAMPLES), tol=1e-10, max_iter=10_000).fit(x, y)
    # The minimum fixes the biases only up to a constant: their mean is set to 0.
    bias = model.intercept_ - model.intercept_.mean()
    loss = metrics.log_loss(y, model.predict_proba(x)) + l2 * np.sum(model.coef_**2)
    print("  /// The minimum of the linear model with an L2 penalty of 0.01, where the biases' mean is 0.")
    print("  static let logistic = Logistic(")
    print(f"    weight: [\n      {wrapped(model.coef_.reshape(-1), 6)},\n    ],")
    print(f"    bias: [{numbers(bias)}],\n    loss: {float(loss)!r})")


print("// Written by make_goldens.py, which names the versions: change that, not this.\n")
print("enum Goldens {")
runs()
schedules()
callback_runs()
confusion()
top_k()
logistic()
print("}")
