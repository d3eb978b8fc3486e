"""The environment variables that code is given: an allow-list.

Keys and passwords in the environment of the calling program so stay behind.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Mapping

PASSED_ON = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
"""Besides these, every LC_ variable. Proxies are not passed on, as their addresses may hold passwords."""


def code_environment(home: str, python: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for code that lives in ``home`` and whose Python is ``python``.

    ``extra`` is added last and so wins. The folder of a virtual environment's Python comes first in PATH:
    shell blocks then install for the same Python that the Python blocks run in.

    >>> sorted(
    ...     code_environment("/tmp/work", "python3", {"MODE": "dry"}).items() & {("MODE", "dry"), ("HOME", "/tmp/work")}
    ... )
    [('HOME', '/tmp/work'), ('MODE', 'dry')]
    """
    passed = {name: text for name, text in os.environ.items() if name in PASSED_ON or name.startswith("LC_")}
    if site.ENABLE_USER_SITE:
        # HOME is another one for the code, and the user's own packages should still be found.
        passed["PYTHONUSERBASE"] = site.getuserbase()
    path = passed.get("PATH", os.defpath)
    folder = os.path.dirname(python)
    environment_of_python = os.path.dirname(folder)
    if folder and os.path.exists(os.path.join(environment_of_python, "pyvenv.cfg")):
        passed["VIRTUAL_ENV"] = environment_of_python
        path = f"{folder}{os.pathsep}{path}"
    elif folder and python != sys.executable:
        path = f"{folder}{os.pathsep}{path}"
    # Unbuffered, so that what a program printed before it failed comes before its traceback.
    python_settings = {"PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    return {**passed, "PATH": path, "HOME": home, **python_settings, **extra}


__all__ = ["PASSED_ON", "code_environment"]
