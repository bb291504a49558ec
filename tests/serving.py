"""The application served on a free port, in this process, so that the frozen clock and the database hold there."""

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from werkzeug.serving import make_server


@contextlib.contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Its address, which is its `BASE_URL` meanwhile. Browsers keep its static files, as those of a server in use."""
    server = make_server("127.0.0.1", 0, _closing(app), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    before = {name: app.config[name] for name in ("BASE_URL", "SEND_FILE_MAX_AGE_DEFAULT")}
    app.config.update(BASE_URL=address, SEND_FILE_MAX_AGE_DEFAULT=3600)
    thread = threading.Thread(target=contextvars.Context().run, args=(server.serve_forever, 0.05), daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.config.update(before)


def _closing(app: Flask) -> Callable[..., Iterator[bytes]]:
    """Closes every answer. werkzeug's server leaves one open, with the file in it, when the browser went away in the
    middle: it first reads what the browser may still have to say, and that raises."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        with contextlib.closing(app(environ, start_response)) as answer:  # type: ignore[type-var]
            yield from answer

    return application
