"""A whole training run through `model.fit`, in a process of its own."""

from __future__ import annotations

import json
import sys
import time

from .workloads import by_key


def main() -> None:
    epochs = int(sys.argv[1])
    import numpy as np

    import qrnnlang as qr

    workload = by_key("emc:2:20:32")
    model = qr.loads(workload.source)
    x, y = workload.data()
    model.fit(x["x"], y["y"], epochs=2, batch=1, optimizer="adam", lr=1e-3, progress=False)
    start = time.perf_counter()
    run = model.fit(
        x["x"], y["y"], epochs=epochs, batch=1, optimizer="adam", lr=1e-3, progress=False
    )
    seconds = time.perf_counter() - start
    assert np.isfinite(run.history["loss"]).all()
    print(json.dumps({"updates": epochs * 32, "seconds": seconds}))


if __name__ == "__main__":
    main()
