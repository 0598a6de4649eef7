"""The files that the book downloads by name, each checked before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Tuple

from ..errors import DataError
from ..files import PathLike, write_bytes
from ..streams import show
from . import corpora
from .corpora import DATA_URL, SOURCES, Source

# Name -> address, SHA-1: the 0.17 edition's, the reader's to change and to add to.
DATA_HUB: Dict[str, Tuple[str, Optional[str]]] = {
    "kaggle_house_train": (
        DATA_URL + "kaggle_house_pred_train.csv",
        "585e9cc93e70b39160e7921475f9bcd7d31219ce",
    ),
    "kaggle_house_test": (
        DATA_URL + "kaggle_house_pred_test.csv",
        "fa19780a7b011d9b009e8bff8e99922a8ee2eb90",
    ),
    "time_machine": (
        SOURCES["time-machine"].addresses[0],
        SOURCES["time-machine"].sha1,
    ),
    "fra-eng": (SOURCES["fra-eng"].addresses[0], SOURCES["fra-eng"].sha1),
    "airfoil": (
        DATA_URL + "airfoil_self_noise.dat",
        "76e5be1548fd8222e5074cf0faae75edff8cf93f",
    ),
    "hotdog": (DATA_URL + "hotdog.zip", "fba480ffa8aa7e0febbb511d181409f899b9baa5"),
    "banana-detection": (
        DATA_URL + "banana-detection.zip",
        "5de26c8fce5ccdea9f91267273464dc968d20d72",
    ),
    "voc2012": (
        DATA_URL + "VOCtrainval_11-May-2012.tar",
        "4e443f8a2eca6b1dac8a6c57641b67dd40621a49",
    ),
    "cifar10_tiny": (
        DATA_URL + "kaggle_cifar10_tiny.zip",
        "2068874e4b9a9f0fb07ebe0ad2b29754449ccacd",
    ),
    "dog_tiny": (
        DATA_URL + "kaggle_dog_tiny.zip",
        "0cb91d09b814ecdc07b50f31f8dcad3e81d6a86d",
    ),
    "ptb": (DATA_URL + "ptb.zip", "319d85e578af0cdc590547f26231e4e31cdf1e42"),
    "glove.6b.50d": (
        DATA_URL + "glove.6B.50d.zip",
        "0b8703943ccdb6eb788e6f091b8946e82231bc4d",
    ),
    "glove.6b.100d": (
        DATA_URL + "glove.6B.100d.zip",
        "cd43bfb07e44e6f27cbcc7bc9ae3d80284fdaf5a",
    ),
    "glove.42b.300d": (
        DATA_URL + "glove.42B.300d.zip",
        "b5116e234e9eb9076672cfeabf5469f3eec904fa",
    ),
    "wiki.en": (DATA_URL + "wiki.en.zip", "c1816da3821ae9f43899be655002f6c723e91b88"),
    "wikitext-2": (
        "https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",
        "3c914d17d80b1459be871a5039ac23e752a53cbe",
    ),
    "aclImdb": (
        DATA_URL + "aclImdb_v1.tar.gz",
        "01ada507287d82875905620988597833ad4e0903",
    ),
    "SNLI": (
        "https://nlp.stanford.edu/projects/snli/snli_1.0.zip",
        "9fcde07509c7e87ec61c640c1b2753d9041758e4",
    ),
    "ml-100k": (
        "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        "cd4dcac4241c8a4ad7badc7ca635da8a69dddb83",
    ),
    "ctr": (DATA_URL + "ctr.zip", "e18327c48c8e8e5c23da714dd614e390d369843f"),
    "pokemon": (DATA_URL + "pokemon.zip", "c065c0e2593b8b161a2d7873e42418bf6a21106c"),
}

_LARGEST, _SECONDS = 8 << 30, 3600.0  # bytes and seconds: glove.42b has 1.9 GB


def fetch(address: str, sha1: Optional[str], folder: PathLike) -> Path:
    """Put a published file into a folder, unless it is there already.

    The Time Machine and fra-eng, known by their SHA-1, come from wherever
    :func:`d2l_rnn.data.corpora.locate` finds them.

    Parameters
    ----------
    address : str
    sha1 : str, optional
        Without it a file that is there passes as it is.
    folder : path
        Made where it is missing.

    Returns
    -------
    pathlib.Path
        A file in ``folder`` with that SHA-1.

    Raises
    ------
    DataError
        If the file is not to be had, or another one lies there under its name; that
        one is left alone.
    """
    source = Source(address.split("/")[-1], sha1, (address,))
    path = Path(folder) / source.file_name
    found = corpora.fault(path, source)
    if found is None:
        return path
    if path.exists():
        raise DataError(
            f"{path}: {found}, but {sha1} is expected; move the file away, or name "
            "another folder"
        )
    known = [name for name, its in corpora.SOURCES.items() if its.sha1 == sha1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if known:
            write_bytes(path, corpora.locate(known[0]).read_bytes())
            return path
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    show(f"Downloading {path} from {address}...")
    failures = corpora.download(source, path, _LARGEST, _SECONDS)
    if failures:
        raise DataError(f"{source.file_name} is not to be had: {'; '.join(failures)}")
    return path
