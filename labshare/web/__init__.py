"""Pages, by who looks at them."""

from flask import Flask
from flask_babel import Babel

from labshare.web import actor


def register(app: Flask) -> None:
    Babel(app)
    actor.init(app)
