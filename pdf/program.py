"""The ``wkhtmltopdf`` program on this machine, looked at once."""

import functools
import logging
import os

from . import scale
from .converter import probe
from .errors import ConversionFailed, ConverterMissing

_logger = logging.getLogger(__name__)

_MAX_MEASURE_SECONDS = 10


@functools.lru_cache(maxsize=8)
def _probe(path, modified):
    """``probe``, again only when the program has changed."""
    return probe(path)


@functools.lru_cache(maxsize=8)
def _measure(binary, modified, seconds):
    """``scale.measure``, again only when the program has changed."""
    return scale.measure(binary, seconds)


def find(path, seconds):
    """The program, ready to be used.

    :param str path: where it is.
    :param float seconds: how long it may take to convert a page.
    :rtype: converter.Binary
    :raise ConverterMissing: it is missing, does not run, or is too old.
    """
    try:
        modified = os.stat(path).st_mtime
    except OSError as error:
        raise ConverterMissing(path) from error
    binary = _probe(path, modified)
    try:
        return _measure(binary, modified, min(seconds, _MAX_MEASURE_SECONDS))
    except ConversionFailed as failure:
        # The documents will tell more; the usual scale is good enough for that.
        _logger.warning("%s could not be measured: %s", path, failure)
        return binary
