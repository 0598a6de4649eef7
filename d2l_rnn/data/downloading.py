"""A download that ends: within a size and a time that are named when they are over.

A server may send without an end, or a byte now and then, so that no time-out of the
connection ever comes. The bytes are taken by a thread of their own, which is left where
it is when the time is over: whoever waits goes on.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import BinaryIO, Optional
from urllib.parse import urlsplit

# Hosts that the book names with http and that have https.
_HAVE_HTTPS = ("d2l-data.s3-accelerate.amazonaws.com",)
_SILENT_SECONDS = 5.0
_BLOCK = 1 << 16


class DownloadLimit(Exception):
    """More bytes or more time than a download may take, or a way that is not secure."""


def secure(address: str) -> str:
    """The address with https, where its host has it."""
    if address.startswith("http://") and urlsplit(address).hostname in _HAVE_HTTPS:
        return "https" + address[len("http") :]
    return address


class Downloader:
    """Fetches addresses for pooch, all of them within one size and one time.

    Parameters
    ----------
    largest : int
        Bytes of a file, unpacked.
    seconds : float
        From now on, for all that is fetched with it.
    timeout : float
        Seconds that a server may be silent.
    """

    def __init__(self, largest: int, seconds: float, timeout: float) -> None:
        self.largest, self.seconds, self.timeout = largest, seconds, timeout
        self._until = time.monotonic() + seconds

    def __call__(self, address: str, output_file: str, store: object) -> None:
        """Write what an address has to a file, as pooch asks for it.

        Raises
        ------
        DownloadLimit
            If it is larger, takes longer, or leads from https to http.
        requests.RequestException
            If it is not to be had.
        """
        with open(output_file, "wb") as file:
            fetching = _Fetching(secure(address), file, self.largest, self.timeout)
            fetching.start()
            try:
                while fetching.is_alive():
                    left = self._until - time.monotonic()
                    if left <= 0:
                        raise DownloadLimit(
                            f"not there within {self.seconds:g} seconds"
                        )
                    fetching.join(min(left, _SILENT_SECONDS))
                    if fetching.is_alive():
                        self._tell(fetching)
            finally:
                fetching.wanted = False
        if fetching.error is not None:
            raise fetching.error

    def _tell(self, fetching: _Fetching) -> None:
        left = max(0.0, self._until - time.monotonic())
        print(
            f"d2l_rnn: downloading {fetching.address}: {fetching.received:,} bytes of "
            f"at most {self.largest:,}, {left:.0f} seconds left",
            file=sys.stderr,
        )


class _Fetching(threading.Thread):
    """Takes the bytes until they end, are too many, or nobody wants them."""

    def __init__(
        self, address: str, file: BinaryIO, largest: int, timeout: float
    ) -> None:
        super().__init__(daemon=True)  # the process does not wait for it
        self.address, self.file = address, file
        self.largest, self.timeout = largest, timeout
        self.wanted, self.received = True, 0
        self.error: Optional[Exception] = None

    def run(self) -> None:
        try:
            self._fetch()
        except Exception as error:  # raised again by the thread that waits
            self.error = error

    def _fetch(self) -> None:
        import requests

        with requests.get(self.address, stream=True, timeout=self.timeout) as response:
            response.raise_for_status()
            if self.address.startswith("https:") and not response.url.startswith(
                "https:"
            ):
                raise DownloadLimit("led from https to http")
            for block in response.iter_content(_BLOCK):
                self.received += len(block)
                if self.received > self.largest:
                    raise DownloadLimit(f"larger than {self.largest:,} bytes")
                if not self.wanted:
                    return
                self.file.write(block)
