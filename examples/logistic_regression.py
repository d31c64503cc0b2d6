"""Logistic regression on the breast cancer data: a network of one layer, with its loss curve."""

import fastbp as bp
from fastbp.datasets import load_breast_cancer, standardize, train_test_split

X_train, X_test, y_train, y_test = train_test_split(*load_breast_cancer())
X_train, X_test = standardize(X_train, X_test)

model = bp.Sequential([bp.Dense(1, activation="sigmoid")], seed=0)
history = model.fit(
    X_train, y_train, loss="bce", optimizer=bp.Adam(1e-2), epochs=100, metrics=["accuracy"]
)
print(history)

held_out = model.evaluate(X_test, y_test, loss="bce", metrics=["accuracy"])
print(f"held-out accuracy {held_out['accuracy']:.3f}, loss {held_out['loss']:.3f}")

# The weights are NumPy arrays that live in the model: here the three features that weigh most.
weight = model.parameters["0.weight"][:, 0]
for feature in abs(weight).argsort()[::-1][:3]:
    print(f"feature {feature:2}: weight {weight[feature]:+.3f}")
