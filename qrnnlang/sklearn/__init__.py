"""Models as estimators of scikit-learn: `QRNNRegressor`, `QRNNClassifier`. Needs scikit-learn."""

try:
    import sklearn as _sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        "qrnnlang.sklearn needs scikit-learn: pip install 'qrnnlang[sklearn]'"
    ) from error

from .estimators import QRNNClassifier, QRNNRegressor

__all__ = ["QRNNClassifier", "QRNNRegressor"]
