"""Pages, by who looks at them."""

from flask import Flask
from flask_babel import Babel


def register(app: Flask) -> None:
    Babel(app)
